package lists

import (
	"encoding/binary"
	"errors"
)

// cdbFile is a constant database, as its file is.
type cdbFile []byte

// maxProbes is how many slots of a table a look-up sees. Tables are half empty, so
// usual look-ups see a few; one whose slots are all taken would have each see all.
const maxProbes = 1 << 14

// errCDB is of files that are no constant database.
var errCDB = errors.New("no constant database")

// readCDB checks that data is one: the tables lie within the file, one beside the
// other.
func readCDB(data []byte) (cdbFile, error) {
	if len(data) < 2048 {
		return nil, errCDB
	}
	all := uint64(0)
	for i := range 256 {
		at, n := word(data, 8*i), word(data, 8*i+4)
		if all += 8 * uint64(n); all > uint64(len(data)) || n > 0 && (uint64(at) < 2048 || uint64(at)+8*uint64(n) > uint64(len(data))) {
			return nil, errCDB
		}
	}
	return data, nil
}

func word(b []byte, at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }

// find returns the first record of a key.
func (f cdbFile) find(key string) (value []byte, ok bool) {
	if len(f) == 0 {
		return nil, false
	}
	hash := uint32(5381)
	for i := range len(key) {
		hash = (hash<<5 + hash) ^ uint32(key[i])
	}
	table, slots := word(f, int(hash%256)*8), word(f, int(hash%256)*8+4)
	for i := range min(slots, maxProbes) {
		slot := int(table) + 8*int((hash>>8+i)%slots)
		at := word(f, slot+4)
		if at == 0 {
			return nil, false
		}
		if word(f, slot) != hash {
			continue
		}
		if k, v, ok := f.record(at); ok && string(k) == key {
			return v, true
		}
	}
	return nil, false
}

// record returns the record that begins there.
func (f cdbFile) record(at uint32) (key, value []byte, ok bool) {
	start := uint64(at) + 8
	if start > uint64(len(f)) {
		return nil, nil, false
	}
	k, v := uint64(word(f, int(at))), uint64(word(f, int(at)+4))
	if start+k+v > uint64(len(f)) {
		return nil, nil, false
	}
	return f[start : start+k], f[start+k : start+k+v], true
}

// each calls f with every record until it returns false.
func (f cdbFile) each(do func(key, value string) bool) {
	if len(f) == 0 {
		return
	}
	end := uint64(len(f))
	for i := range 256 {
		if word(f, 8*i+4) > 0 {
			end = min(end, uint64(word(f, 8*i)))
		}
	}
	for at := uint64(2048); at+8 <= end; {
		k, v, ok := f.record(uint32(at))
		if !ok || !do(string(k), string(v)) {
			return
		}
		at += 8 + uint64(len(k)) + uint64(len(v))
	}
}

// len counts the records.
func (f cdbFile) len() (n int) {
	f.each(func(string, string) bool { n++; return true })
	return n
}
