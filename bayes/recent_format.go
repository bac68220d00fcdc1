package bayes

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow/bayes/fused"
)

// A batch begins with its version and the kind of the model whose features it has.
// Each scan has its length before it.
const (
	batchVersion = 1
	batchHeader  = 1 + 8
	keysOfScan   = 3
)

func batchHead(kind uint64) []byte {
	return binary.LittleEndian.AppendUint64([]byte{batchVersion}, kind)
}

// appendSeen writes a scan.
func appendSeen(b []byte, s *Seen, enc *fused.Encoder) []byte {
	begin := len(b)
	b = append(b, 0, 0, 0, 0)
	for _, text := range []string{s.Message, s.QueueID, s.MessageID, s.User, s.From, s.Subject} {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(s.Time.UnixMilli()))
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(s.LogOdds))
	b = enc.Append(b, s.Features)
	binary.LittleEndian.PutUint32(b[begin:], uint32(len(b)-begin-4))
	return b
}

var errBatch = errors.New("bayes: not a batch of scans")

// readBatch reads the scans of a batch; it is empty if its features are another
// model's.
func readBatch(b []byte, kind uint64) (list []Seen, err error) {
	if len(b) < batchHeader || b[0] != batchVersion {
		return nil, errBatch
	}
	if binary.LittleEndian.Uint64(b[1:]) != kind {
		return nil, nil
	}
	for b = b[batchHeader:]; len(b) > 0; {
		if len(b) < 4 || uint64(binary.LittleEndian.Uint32(b)) > uint64(len(b)-4) {
			return nil, errBatch
		}
		n := 4 + int(binary.LittleEndian.Uint32(b))
		s, err := readSeen(b[4:n])
		if err != nil {
			return nil, err
		}
		list, b = append(list, s), b[n:]
	}
	return list, nil
}

func readSeen(b []byte) (s Seen, err error) {
	for _, text := range []*string{&s.Message, &s.QueueID, &s.MessageID, &s.User, &s.From, &s.Subject} {
		value, rest, ok := cutSized(b)
		if !ok {
			return s, errBatch
		}
		*text, b = string(value), rest
	}
	if len(b) < 16 {
		return s, errBatch
	}
	s.Time = time.UnixMilli(int64(binary.LittleEndian.Uint64(b)))
	s.LogOdds = math.Float64frombits(binary.LittleEndian.Uint64(b[8:]))
	var f fused.Features
	err = f.UnmarshalBinary(b[16:])
	s.Features = f
	return s, err
}

// cutSized cuts off a value that has its length before it.
func cutSized(b []byte) (value, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, nil, false
	}
	return b[size : size+int(n)], b[size+int(n):], true
}

// idKey is by what the index finds an id.
func idKey(id string) uint64 {
	if id == "" {
		return 0
	}
	sum := sha256.Sum256([]byte(id))
	return binary.LittleEndian.Uint64(sum[:]) | 1
}

func appendKeys(b []byte, s *Seen) []byte {
	for _, id := range [keysOfScan]string{s.Message, s.QueueID, s.MessageID} {
		b = binary.LittleEndian.AppendUint64(b, idKey(id))
	}
	return b
}

// appendIndex writes an entry of the index: the number of a batch and the keys of
// its scans.
func appendIndex(b []byte, seq uint64, keys []byte) []byte {
	return append(binary.AppendUvarint(append(b, batchVersion), seq), keys...)
}

// inIndex reports whether a batch has a scan with that key, and its number.
func inIndex(b []byte, key uint64) (seq uint64, ok bool) {
	if len(b) == 0 || b[0] != batchVersion {
		return 0, false
	}
	seq, size := binary.Uvarint(b[1:])
	if size <= 0 {
		return 0, false
	}
	for k := range slices.Chunk(b[1+size:], 8) {
		if len(k) == 8 && binary.LittleEndian.Uint64(k) == key {
			return seq, true
		}
	}
	return 0, false
}

// plainID is an id without the brackets of a Message-ID.
func plainID(id string) string {
	id = strings.TrimSpace(id)
	if inner, ok := strings.CutPrefix(id, "<"); ok {
		id = strings.TrimSuffix(inner, ">")
	}
	return id
}
