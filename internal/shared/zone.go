package shared

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/zone"
)

// A Record is one entry of a zone in the suites' form: a value of its type, or
// the failure that the question meets. Type "NODATA" says that the name exists
// and "*" stands for every type.
type Record struct {
	Name, Type, Error string
	Value             json.RawMessage
}

// Zone makes a zone of records and fails the test for one that it can't read,
// so that no row of a suite is skipped or asked of another DNS than its own.
func Zone(t testing.TB, records []Record) *zone.Zone {
	t.Helper()
	var text strings.Builder
	for _, r := range records {
		line, err := r.line()
		if err != nil {
			t.Fatalf("%s %s: %v", r.Name, r.Type, err)
		}
		text.WriteString(line + "\n")
	}
	z, err := zone.Parse(text.String())
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// RspamdZone makes a zone of those that Rspamd's functional tests have under
// the names of their configurations.
func RspamdZone(t testing.TB, names ...string) *zone.Zone {
	t.Helper()
	data, err := os.ReadFile(Path(t, "suites/rspamd/dns-zones.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Zones map[string][]Record }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	var records []Record
	for _, name := range names {
		if len(file.Zones[name]) == 0 {
			t.Fatalf("no zone %s", name)
		}
		records = append(records, file.Zones[name]...)
	}
	return Zone(t, records)
}

// line writes a record as a zone's line.
func (r Record) line() (string, error) {
	name := resolver.Canonical(r.Name)
	switch {
	case strings.EqualFold(r.Type, "NODATA"):
		// A failure for a type that nobody asks for makes the name exist.
		return name + " TYPE65280 !nodata", nil
	case r.Error != "":
		return r.failure(name)
	case r.Type == "SPF99":
		return "", nil // RFC 7208 section 3.1: nobody asks for it
	}
	rec := resolver.Record{Name: name, TTL: 300}
	var ok bool
	if rec.Type, ok = resolver.ParseType(r.Type); !ok {
		return "", fmt.Errorf("unknown type")
	}
	if err := r.value(&rec); err != nil {
		return "", err
	}
	line, err := rec.MarshalText()
	return string(line), err
}

// failure writes the failure of a question, as fakes of DNS and c-ares name
// them. What does not exist needs no line.
func (r Record) failure(name string) (string, error) {
	kinds := map[string]string{
		"TIMEOUT": "timeout", "ETIMEOUT": "timeout", "SERVFAIL": "servfail", "ESERVFAIL": "servfail", "REFUSED": "refused", "EREFUSED": "refused",
		"NODATA": "nodata", "ENODATA": "nodata", "EMPTY": "nodata", "LAME": "lame", "GARBAGE": "malformed", "EBADRESP": "malformed",
		"TRUNCATED": "truncated", "ECONNREFUSED": "network",
	}
	label, qtype := strings.ToUpper(r.Error), r.Type
	switch {
	case label == "NXDOMAIN" || label == "ENOTFOUND":
		return "", nil
	case label == "CNAMELOOP":
		return name + " CNAME " + name, nil
	case kinds[label] == "":
		return "", fmt.Errorf("unknown failure %s", r.Error)
	case qtype == "*":
		qtype = ""
	}
	return name + " " + qtype + " !" + kinds[label], nil
}

// value reads what a record holds.
func (r Record) value(rec *resolver.Record) error {
	switch rec.Type {
	case resolver.TypeTXT:
		var one string
		if json.Unmarshal(r.Value, &one) == nil {
			rec.Strings = []string{latin1(one)}
			return nil
		}
		err := json.Unmarshal(r.Value, &rec.Strings)
		for i, s := range rec.Strings {
			rec.Strings[i] = latin1(s)
		}
		if len(rec.Strings) == 0 {
			rec.Strings = []string{""}
		}
		return err
	case resolver.TypeMX:
		var mx struct {
			Pref, Priority uint16
			Host, Exchange string
		}
		err := json.Unmarshal(r.Value, &mx)
		rec.Preference, rec.Host = max(mx.Pref, mx.Priority), mx.Host+mx.Exchange
		return err
	case resolver.TypeA, resolver.TypeAAAA:
		return json.Unmarshal(r.Value, &rec.IP)
	}
	return json.Unmarshal(r.Value, &rec.Host)
}

// latin1 turns the characters of a file into the bytes they stand for.
func latin1(s string) string {
	var b []byte
	for _, r := range s {
		if r > 0xff {
			return s
		}
		b = append(b, byte(r))
	}
	return string(b)
}
