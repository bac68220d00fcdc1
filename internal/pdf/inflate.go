package pdf

import (
	"bytes"
	"compress/zlib"
	"io"
)

// An inflater unpacks one stream after the other with the same tables: making
// them costs more than most streams.
type inflater struct {
	source bytes.Reader
	reader io.ReadCloser
}

// open begins with data; false if it is not packed.
func (z *inflater) open(data []byte) bool {
	z.source.Reset(data)
	if z.reader == nil {
		r, err := zlib.NewReader(&z.source)
		if err != nil {
			return false
		}
		z.reader = r
		return true
	}
	return z.reader.(zlib.Resetter).Reset(&z.source, nil) == nil
}

// inflate unpacks what can be unpacked.
func (d *document) inflate(data []byte) []byte {
	if d.unpacked <= 0 {
		d.cut = true
		return nil
	}
	z := &d.inflater
	if !z.open(data) {
		return nil
	}
	most := min(MaxStream, d.unpacked)
	var out bytes.Buffer
	// What comes out before an error is what a viewer shows.
	_, _ = io.Copy(&out, io.LimitReader(z.reader, int64(most)))
	d.unpacked = max(0, d.unpacked-max(out.Len(), minUnpacked))
	d.cut = d.cut || out.Len() == most
	return out.Bytes()
}
