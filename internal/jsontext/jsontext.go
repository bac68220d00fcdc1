// Package jsontext appends JSON to bytes without reflection. What it appends is
// what encoding/json writes with SetEscapeHTML(false).
package jsontext

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
)

// isPlain reports whether s stands for itself in JSON: most strings do.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// AppendString appends a string in quotes.
func AppendString(b []byte, s string) []byte {
	if isPlain(s) {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	var w bytes.Buffer
	enc := json.NewEncoder(&w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return append(b, w.Bytes()[:w.Len()-1]...)
}

// AppendFloat appends a number. JSON has no infinities and no NaN: they are an
// error.
func AppendFloat(b []byte, f float64) ([]byte, error) {
	if abs := math.Abs(f); abs != 0 && !(abs >= 1e-6 && abs < 1e21) {
		data, err := json.Marshal(f)
		return append(b, data...), err
	}
	return strconv.AppendFloat(b, f, 'f', -1, 64), nil
}
