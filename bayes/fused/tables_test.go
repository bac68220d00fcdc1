package fused

import (
	"bytes"
	"testing"
)

func TestTables(t *testing.T) {
	o := Options{Seed: 8, Bits: 14}
	m := newModel(t, o)
	empty, err := m.MarshalBinary()
	if err != nil || len(empty) > 100 {
		t.Fatalf("empty tables take %d bytes: %v", len(empty), err)
	}
	for n := range 40 {
		teach(t, m, m.Features(message(n, n%2 == 0), nil, ""), n%2 == 0, true)
	}
	b, err := m.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	back := newModel(t, o)
	if err := back.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	f := m.Features(message(50, true), nil, "")
	if m.Classify(f) != back.Classify(f) {
		t.Errorf("%+v, read back %+v", m.Classify(f), back.Classify(f))
	}
	for name, bad := range map[string][]byte{
		"nothing": nil, "cut": b[:len(b)-1], "more": append(bytes.Clone(b), 0), "another name": append([]byte("x"), b[1:]...),
	} {
		if back.UnmarshalBinary(bad) == nil {
			t.Errorf("%s is taken", name)
		}
	}
	for name, o := range map[string]Options{"seed": {Seed: 9, Bits: 14}, "size": {Seed: 8, Bits: 15}} {
		if newModel(t, o).UnmarshalBinary(b) == nil {
			t.Errorf("tables of another %s are taken", name)
		}
	}
	if m.Classify(f) != back.Classify(f) {
		t.Error("tables that were refused changed the model")
	}
}

func FuzzTables(f *testing.F) {
	m := newModel(f, Options{Bits: 14})
	b, _ := m.MarshalBinary()
	f.Add(b)
	teach(f, m, m.Features(message(1, true), nil, ""), true, true)
	b, _ = m.MarshalBinary()
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		m := newModel(t, Options{Bits: 14})
		if m.UnmarshalBinary(b) != nil {
			return
		}
		again, err := m.MarshalBinary()
		if err != nil || m.UnmarshalBinary(again) != nil {
			t.Error("tables can't be read again")
		}
	})
}
