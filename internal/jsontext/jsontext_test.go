package jsontext

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"
)

func encoded(t *testing.T, v any) string {
	t.Helper()
	var w bytes.Buffer
	enc := json.NewEncoder(&w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSuffix(w.Bytes(), []byte("\n")))
}

func TestAppendString(t *testing.T) {
	for _, s := range []string{"", "plain", `"\`, "<&>", "a\tb\n\x00\x1f\x7f", "Téa", "\xff\xc3", "\u2028\u2029", "日本"} {
		if got, want := string(AppendString([]byte("x"), s)), "x"+encoded(t, s); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
}

func TestAppendFloat(t *testing.T) {
	for _, f := range []float64{0, math.Copysign(0, -1), 1, -1, .1, 15, 1.3025, 1e-6, 9.9e-7, 1e-9, 1e20, 1e21, -1e21, math.MaxFloat64, math.SmallestNonzeroFloat64} {
		got, err := AppendFloat(nil, f)
		if want := encoded(t, f); err != nil || string(got) != want {
			t.Errorf("%g: %s, want %s; %v", f, got, want, err)
		}
	}
	for _, f := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if _, err := AppendFloat(nil, f); err == nil {
			t.Errorf("%g: no error", f)
		}
	}
}
