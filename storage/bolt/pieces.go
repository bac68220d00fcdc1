package bolt

import (
	"bytes"

	"go.etcd.io/bbolt"
)

// bbolt puts at least two values into a page and lets a page overflow into the
// next ones, so values of 2.5 kB, a usual lesson's, would leave two fifths of
// the file empty. Lessons are cut into pieces of which three fill a page.
const (
	maxPiece = 1330
	uncut    = 64 << 10 // longer values overflow without a noticeable loss
)

func pieceKey(seq uint64, piece int) []byte { return append(fixed(seq), byte(piece)) }

// putPieces stores a value under a number.
func (t *tx) putPieces(b *bbolt.Bucket, seq uint64, value []byte) error {
	n := (len(value) + maxPiece - 1) / maxPiece
	if len(value) > uncut {
		n = 1
	}
	size := (len(value) + n - 1) / n
	for i := range n {
		piece := value[:min(size, len(value))]
		value = value[len(piece):]
		if err := t.put(b, pieceKey(seq, i), piece); err != nil {
			return err
		}
	}
	return nil
}

// pieces returns the value of a number, which may point into the file; nil if
// there is none.
func pieces(b *bbolt.Bucket, seq uint64) (value []byte) {
	prefix := fixed(seq)
	c := b.Cursor()
	for k, piece := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, piece = c.Next() {
		if value == nil {
			value = piece[:len(piece):len(piece)]
		} else {
			value = append(value, piece...)
		}
	}
	return value
}

// delPieces removes a number's value.
func (t *tx) delPieces(b *bbolt.Bucket, seq uint64) error {
	for i := 0; ; i++ {
		key := pieceKey(seq, i)
		if b.Get(key) == nil {
			return nil
		}
		if err := t.del(b, key); err != nil {
			return err
		}
	}
}
