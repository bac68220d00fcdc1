package fused

import (
	"bytes"
	"errors"
	"testing"
)

func TestTables(t *testing.T) {
	o := Options{Seed: 8, Bits: 14}
	m := newModel(t, o)
	empty, err := m.MarshalBinary()
	if err != nil || len(empty) > 150 {
		t.Fatalf("empty tables take %d bytes: %v", len(empty), err)
	}
	for n := range 40 {
		teach(t, m, m.Features(message(n, n%2 == 0), nil, ""), n%2 == 0, true)
	}
	b, err := m.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if len(b) != m.tablesSize() {
		t.Errorf("%d bytes written, %d foreseen", len(b), m.tablesSize())
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

// TestTablesOfAnotherPrior refuses tables beside which other weights would be
// read, and takes them where that is wished.
func TestTablesOfAnotherPrior(t *testing.T) {
	one, two := trained(t), randomPrior(t, 100)
	m := newModel(t, Options{Bits: 14, Prior: one})
	f := m.Features(message(1, true), nil, "")
	teach(t, m, f, true, true)
	b, err := m.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		o  Options
		ok bool
	}{
		"the same":      {Options{Bits: 14, Prior: one}, true},
		"another":       {Options{Bits: 14, Prior: two}, false},
		"none":          {Options{Bits: 14}, false},
		"a change":      {Options{Bits: 14, Prior: two, Earlier: [][32]byte{{}, one.Digest()}}, true},
		"a change away": {Options{Bits: 14, Earlier: [][32]byte{one.Digest()}}, true},
	} {
		back := newModel(t, c.o)
		if err := back.UnmarshalBinary(b); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrPrior) {
			t.Errorf("%s: %v", name, err)
		}
		again, err := back.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if c.ok && back.Classify(f) != m.Classify(f) {
			t.Errorf("%s: what was learned is another", name)
		}
		if bytes.Equal(again, b) != (name == "the same") {
			t.Errorf("%s: the tables name another prior than the model's", name)
		}
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
