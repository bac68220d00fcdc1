package history

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// maxItem is how much an item that somebody else wrote may hold when unpacked.
const maxItem = 4 << 20

// usualRow is how many bytes of JSON most rows have at most.
const usualRow = 8 << 10

// A packing is how a row is kept.
type packing int

const (
	packed packing = iota // in a zstd frame
	framed                // in one that holds it as it is
	bare                  // without a frame
)

// A codec turns rows into items and back: JSON in a zstd frame, or bare.
type codec struct {
	packing
	enc *zstd.Encoder
	dec *zstd.Decoder
}

func newCodec(p packing) (*codec, error) {
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
	return &codec{p, enc, dec}, nil
}

func (c *codec) encode(r *Row) ([]byte, error) {
	var head []byte
	if c.packing == framed {
		head = make([]byte, frameRoom, usualRow)
	}
	data, err := r.marshal(head)
	switch {
	case err != nil:
		return nil, err
	case c.packing == packed:
		return c.enc.EncodeAll(data, make([]byte, 0, len(data)/2)), nil
	case c.packing == framed:
		if n := len(data) - frameRoom; n <= maxBlock {
			frameHead(data[:frameRoom], n)
			return data, nil
		}
		return c.enc.EncodeAll(data[frameRoom:], nil), nil
	}
	return data, nil
}

// frameRoom is what stands before the text of a frame with one block that holds it
// as it is, and maxBlock is how much such a block holds (RFC 8878, 3.1.1).
const (
	frameRoom = 12
	maxBlock  = 128 << 10
)

// frameHead writes what stands before n bytes of text: the magic number, a descriptor
// for one segment with a size of four bytes, the size, and the head of the last block,
// which is raw.
func frameHead(b []byte, n int) {
	binary.LittleEndian.PutUint32(b, 0xfd2fb528)
	b[4] = 2<<6 | 1<<5
	binary.LittleEndian.PutUint32(b[5:], uint32(n))
	b[9], b[10], b[11] = byte(n<<3)|1, byte(n>>5), byte(n>>13)
}

// json returns the object that an item holds.
func (c *codec) json(item []byte) (json.RawMessage, error) {
	data := item
	if c.packing != bare {
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
