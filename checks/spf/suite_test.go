package spf_test

import (
	"encoding/json"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/zone"
)

type sharedRecord struct {
	Name, Type, Error string
	Value             json.RawMessage
}

// lines gives a record the form of a zone's lines.
func (r sharedRecord) lines(t *testing.T) string {
	t.Helper()
	if r.Error == "NXDOMAIN" || r.Type == "NODATA" {
		return ""
	}
	name := resolver.Canonical(r.Name)
	if r.Error != "" {
		if r.Type == "*" {
			return name + " !" + strings.ToLower(r.Error)
		}
		return name + " " + r.Type + " !" + strings.ToLower(r.Error)
	}
	rec := resolver.Record{Name: name, TTL: 300}
	var ok bool
	if rec.Type, ok = resolver.ParseType(r.Type); !ok {
		return ""
	}
	var err error
	switch rec.Type {
	case resolver.TypeTXT:
		err = json.Unmarshal(r.Value, &rec.Strings)
		for i, s := range rec.Strings {
			rec.Strings[i] = latin1(s)
		}
		if len(rec.Strings) == 0 {
			rec.Strings = []string{""}
		}
	case resolver.TypeMX:
		var mx struct {
			Pref uint16
			Host string
		}
		err = json.Unmarshal(r.Value, &mx)
		rec.Preference, rec.Host = mx.Pref, mx.Host
	case resolver.TypeA, resolver.TypeAAAA:
		err = json.Unmarshal(r.Value, &rec.IP)
	default:
		err = json.Unmarshal(r.Value, &rec.Host)
	}
	if err != nil {
		t.Fatalf("%s %s: %v", r.Name, r.Type, err)
	}
	line, err := rec.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	return string(line)
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

func sharedZone(t *testing.T, records []sharedRecord) *zone.Zone {
	t.Helper()
	var lines []string
	for _, r := range records {
		lines = append(lines, r.lines(t))
	}
	z, err := zone.Parse(strings.Join(lines, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// oneLabel tells the zones whose domains have one label, which RFC 7208
// does not evaluate.
func oneLabel(id string) bool { return strings.HasPrefix(id, "spf/blitiri/") }

func TestSuite(t *testing.T) {
	data, err := os.ReadFile(shared.Path(t, "suites/spf/spf-vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var suite struct {
		Zones map[string][]sharedRecord
		Cases []struct {
			ID, Helo, MailFrom, IP, Description string
			Results                             []string
			Explanation                         *string
			ZoneRef                             string `json:"zone_ref"`
		}
	}
	if err := json.Unmarshal(data, &suite); err != nil {
		t.Fatal(err)
	}
	decided, right := 0, 0
	for _, c := range suite.Cases {
		if slices.Contains(c.Results, "ambiguous") {
			continue
		}
		decided++
		t.Run(c.ID, func(t *testing.T) {
			z := sharedZone(t, suite.Zones[c.ZoneRef])
			res := spf.Evaluate(t.Context(), z, spf.Params{
				IP: netip.MustParseAddr(c.IP), Helo: c.Helo, MailFrom: c.MailFrom,
				OneLabel: oneLabel(c.ID),
			})
			if !slices.Contains(c.Results, string(res.Status)) {
				t.Errorf("%s is none of %v: %s (%s)", res.Status, c.Results, res.Reason, c.Description)
				return
			}
			if c.Explanation != nil && *c.Explanation != "DEFAULT" && res.Explanation != *c.Explanation ||
				c.Explanation != nil && *c.Explanation == "DEFAULT" && res.Explanation != "" {
				t.Errorf("explanation %q, want %q", res.Explanation, *c.Explanation)
				return
			}
			right++
		})
	}
	t.Logf("%d of %d decided cases", right, decided)
	if decided == 0 {
		t.Error("no cases")
	}
}
