package shared

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/winnowmail/winnow/resolver"
)

func TestZone(t *testing.T) {
	var records []Record
	if err := json.Unmarshal([]byte(`[
		{"name": "a.example", "type": "A", "value": "192.0.2.1"},
		{"name": "six.example", "type": "AAAA", "value": "2001:db8::1"},
		{"name": "mx.example", "type": "MX", "value": {"pref": 10, "host": "a.example"}},
		{"name": "node.example", "type": "MX", "value": {"priority": 20, "exchange": "a.example"}},
		{"name": "one.example", "type": "TXT", "value": "one"},
		{"name": "list.example", "type": "TXT", "value": ["on", "e"]},
		{"name": "alias.example", "type": "CNAME", "value": "one.example"},
		{"name": "there.example", "type": "NODATA"},
		{"name": "broken.example", "type": "TXT", "error": "ESERVFAIL"},
		{"name": "slow.example", "type": "*", "error": "TIMEOUT"},
		{"name": "gone.example", "type": "TXT", "error": "ENOTFOUND"}
	]`), &records); err != nil {
		t.Fatal(err)
	}
	z := Zone(t, records)
	for _, c := range []struct {
		name  string
		qtype uint16
		kind  resolver.Kind // "" one record
	}{
		{"a.example", resolver.TypeA, ""},
		{"a.example", resolver.TypeTXT, resolver.KindNoData},
		{"six.example", resolver.TypeAAAA, ""},
		{"mx.example", resolver.TypeMX, ""},
		{"node.example", resolver.TypeMX, ""},
		{"one.example", resolver.TypeTXT, ""},
		{"list.example", resolver.TypeTXT, ""},
		{"there.example", resolver.TypeA, resolver.KindNoData},
		{"broken.example", resolver.TypeTXT, resolver.KindServFail},
		{"broken.example", resolver.TypeA, resolver.KindNoData},
		{"slow.example", resolver.TypeMX, resolver.KindTimeout},
		{"gone.example", resolver.TypeTXT, resolver.KindNXDomain},
	} {
		answer, err := z.Lookup(t.Context(), c.name, c.qtype)
		var failed *resolver.Error
		switch errors.As(err, &failed); {
		case c.kind == "" && (err != nil || len(answer.Records) != 1):
			t.Errorf("%s: %v, %v", c.name, answer.Records, err)
		case c.kind != "" && (failed == nil || failed.Kind != c.kind):
			t.Errorf("%s: %v, want %s", c.name, err, c.kind)
		}
	}
	for _, r := range []Record{{Name: "x.example", Type: "TXT", Error: "ODD"}, {Name: "x.example", Type: "ODD"}, {Name: "x.example", Type: "A", Value: []byte(`"x"`)}} {
		if line, err := r.line(); err == nil {
			t.Errorf("%+v is %q", r, line)
		}
	}
}
