package storage

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"
)

// A head names the snapshot in force. Version 0 is that of a name that has only
// been swept.
type head struct {
	version uint64
	mark    uint64
	length  uint64
	horizon uint64 // Unix time in ms: ids before it never come in force
	id      snapshotID
	sum     [32]byte
}

// A snapshotID is of one call of WriteSnapshot: the Unix time in ms when it
// began, and 8 random bytes.
type snapshotID [16]byte

func newSnapshotID(ms uint64) (id snapshotID) {
	binary.BigEndian.PutUint64(id[:8], ms)
	rand.Read(id[8:]) // never fails
	return id
}

func (id snapshotID) ms() uint64                 { return binary.BigEndian.Uint64(id[:8]) }
func (id snapshotID) time() time.Time            { return time.UnixMilli(int64(id.ms())) }
func (id snapshotID) before(horizon uint64) bool { return id.ms() < horizon }

// headMagic begins every head; its last byte is the version of the format.
const headMagic = "wsnp\x01"

// headSize is the size of a head in bytes: the magic, four numbers, the id and
// the checksum (SHA-256 of the data).
const headSize = len(headMagic) + 4*8 + 16 + 32

func (h head) bytes() []byte {
	b := append(make([]byte, 0, headSize), headMagic...)
	for _, n := range []uint64{h.version, h.mark, h.length, h.horizon} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	b = append(b, h.id[:]...)
	return append(b, h.sum[:]...)
}

func parseHead(b []byte) (head, error) {
	rest, ok := bytes.CutPrefix(b, []byte(headMagic))
	if !ok || len(b) != headSize {
		return head{}, fmt.Errorf("%w: its head is none", ErrDamaged)
	}
	var h head
	for _, n := range []*uint64{&h.version, &h.mark, &h.length, &h.horizon} {
		*n = binary.BigEndian.Uint64(rest)
		rest = rest[8:]
	}
	rest = rest[copy(h.id[:], rest):]
	copy(h.sum[:], rest)
	return h, nil
}

// The keys of a snapshot begin with the length of its name, so that no name's
// keys begin with those of another.
func snapshotKey(name string) string { return "snapshot:" + strconv.Itoa(len(name)) + ":" + name }
func headKey(name string) string     { return snapshotKey(name) + ":head" }
func piecePrefix(name string) string { return snapshotKey(name) + ":p:" }

// pieceKeys gives the keys of a head's pieces in order, in batches.
func pieceKeys(name string, h head) iter.Seq[[]string] {
	pieces := int((h.length + pieceSize - 1) / pieceSize)
	return func(yield func([]string) bool) {
		for i := 0; i < pieces; {
			var keys []string
			for ; i < pieces && len(keys) < pieceBatch; i++ {
				keys = append(keys, pieceKey(name, h.id, i))
			}
			if !yield(keys) {
				return
			}
		}
	}
}

func pieceKey(name string, id snapshotID, i int) string {
	return piecePrefix(name) + hex.EncodeToString(id[:]) + ":" + strconv.Itoa(i)
}

// pieceID reads the id out of what follows a piece's prefix.
func pieceID(rest string) (id snapshotID, ok bool) {
	text, _, ok := strings.Cut(rest, ":")
	if !ok || len(text) != hex.EncodedLen(len(id)) {
		return id, false
	}
	_, err := hex.Decode(id[:], []byte(text))
	return id, err == nil
}
