package history

import (
	"encoding/json"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// maxItem is how much an item that somebody else wrote may hold when unpacked.
const maxItem = 4 << 20

// A codec turns rows into items and back: JSON in a zstd frame, or bare.
type codec struct {
	plain bool
	enc   *zstd.Encoder
	dec   *zstd.Decoder
}

func newCodec(plain bool) (*codec, error) {
	// Neither has goroutines as long as no stream is read or written.
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(2), zstd.WithLowerEncoderMem(true),
		zstd.WithWindowSize(64<<10), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(maxItem), zstd.WithDecoderMaxWindow(maxItem))
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	return &codec{plain, enc, dec}, nil
}

func (c *codec) encode(r *Row) ([]byte, error) {
	data, err := r.marshal()
	if err != nil || c.plain {
		return data, err
	}
	return c.enc.EncodeAll(data, make([]byte, 0, len(data)/2)), nil
}

// json returns the object that an item holds.
func (c *codec) json(item []byte) (json.RawMessage, error) {
	data := item
	if !c.plain {
		var err error
		if data, err = c.dec.DecodeAll(item, nil); err != nil {
			return nil, fmt.Errorf("%w: %w", errRow, err)
		}
	}
	if first(data) != '{' || !json.Valid(data) {
		return nil, errRow
	}
	return data, nil
}

func (c *codec) row(item []byte) (*Row, error) {
	row, _, err := c.sized(item)
	return row, err
}

// sized returns a row and the bytes of its object.
func (c *codec) sized(item []byte) (r *Row, size int, err error) {
	data, err := c.json(item)
	if err != nil {
		return nil, 0, err
	}
	r = &Row{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, 0, fmt.Errorf("%w: %w", errRow, err)
	}
	return r, len(data), nil
}
