package exact

import (
	"bytes"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

type inner struct {
	Name  string
	Bytes []byte
	list  []string // encoding/json leaves it out
}

type outer struct {
	Text   string
	Texts  []string
	Many   [][]byte
	Counts map[string]int64
	Any    any
	Inner  *inner
	Fixed  [2]string
	IP     netip.Addr
	Time   time.Time
	Other  map[int]string
}

func TestRoundTrip(t *testing.T) {
	for _, v := range []outer{
		{},
		{Text: "plain <&> \u2028 \x00"},
		{Text: "exam\xe5le", Texts: []string{"a", "\xff", "base64:", "base64:AA==", ""}},
		{Texts: []string{}, Many: [][]byte{nil, {}, {0xff}}, Counts: map[string]int64{}},
		{Counts: map[string]int64{"\xff": 1, "\xfe": 2, "b": 1 << 62}, Inner: &inner{Name: "\xe5", Bytes: []byte{1}}},
		{Any: map[string]any{"\xff": []any{"\xe5", nil, 1.5}}, Fixed: [2]string{"\x80", "x"}, Other: map[int]string{-1: "\xff"}},
		{IP: netip.MustParseAddr("fe80::1%eth0"), Any: "fe80::1%\xff"},
		{IP: netip.MustParseAddr("fe80::1%\xff")},
		{IP: netip.MustParseAddr("::ffff:192.0.2.1%base64:")},
		{IP: netip.MustParseAddr("192.0.2.1"), Time: time.Date(2026, 11, 1, 12, 0, 0, 5, time.UTC)},
	} {
		data, err := Marshal(v)
		if err != nil {
			t.Fatalf("%+v: %v", v, err)
		}
		var back outer
		if err := Unmarshal(data, &back); err != nil || !reflect.DeepEqual(back, v) {
			t.Errorf("%s\ngot  %#v\nwant %#v (%v)", data, back, v, err)
		}
		if again, err := Marshal(&back); err != nil || !bytes.Equal(again, data) {
			t.Errorf("got %s, want %s (%v)", again, data, err)
		}
	}
	if data, err := Marshal(inner{Name: "a", list: []string{"b"}}); string(data) != `{"Name":"a","Bytes":null}` || err != nil {
		t.Errorf("an unexported field is not left out: %s, %v", data, err)
	}
	if data, err := Marshal("text"); string(data) != `"text"` || err != nil {
		t.Errorf("UTF-8 does not stand as it is: %s, %v", data, err)
	}
}

func TestBadInput(t *testing.T) {
	var v outer
	if err := Unmarshal([]byte(`{"Text":"base64:!"}`), &v); err == nil {
		t.Error("bad base64 is no error")
	}
	if err := Unmarshal([]byte(strings.Repeat("[", 300)), &v); err == nil {
		t.Error("half of a value is no error")
	}
	var deep any
	if err := Unmarshal([]byte(strings.Repeat("[", 300)+strings.Repeat("]", 300)), &deep); err == nil {
		t.Error("a value that is nested too deeply is no error")
	}
	type loop struct{ Next *loop }
	l := &loop{}
	l.Next = l
	if _, err := Marshal(l); err == nil {
		t.Error("a value in itself is no error")
	}
}

func FuzzUnmarshal(f *testing.F) {
	for _, s := range []string{`{"Text":"base64:5Q=="}`, `{"Many":[null,""]}`, `{"Counts":{"base64:/w==":1}}`, `[`, `{"Any":[["base64:"]]}`, `{"IP":"fe80::1%base64:/w=="}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v, back outer
		if Unmarshal(data, &v) != nil {
			return
		}
		out, err := Marshal(v)
		if err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		if err := Unmarshal(out, &back); err != nil || !reflect.DeepEqual(v, back) {
			t.Errorf("%s: got %#v, want %#v (%v)", out, back, v, err)
		}
	})
}
