package mail

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/internal/shared"
)

// loadVectors reads the cases of vectors/<name>.json.
func loadVectors[T any](t *testing.T, name string) []T {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(shared.Path(t, "suites/"+"vectors"), name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var f struct{ Cases []T }
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	return f.Cases
}

// wantShare fails the test when fewer than 95 % of the cases passed.
func wantShare(t *testing.T, passed, total int) {
	t.Helper()
	t.Logf("%d of %d", passed, total)
	if passed*100 < total*95 {
		t.Errorf("only %d of %d", passed, total)
	}
}

func TestSuiteSMTPAddr(t *testing.T) {
	type vector struct {
		Input, ID string
		Valid     bool
		Fields    map[string]string
	}
	cases := loadVectors[vector](t, "smtp-addr")
	passed := 0
	for _, c := range cases {
		a := ParseAddress(c.Input)
		got := map[string]string{"user": a.User, "domain": a.Domain, "addr": a.Addr}
		ok := a.Valid == c.Valid
		for k, v := range c.Fields {
			ok = ok && got[k] == v
		}
		if ok {
			passed++
		} else {
			t.Logf("%s: %q: %+v", c.ID, c.Input, a)
		}
	}
	wantShare(t, passed, len(cases))
}

func TestSuiteAddressList(t *testing.T) {
	type vector struct {
		Input, ID string
		Expect    json.RawMessage
	}
	cases := loadVectors[vector](t, "mime-addr-list")
	passed := 0
	for _, c := range cases {
		as := ParseAddressList(c.Input, 0)
		if sameAddresses(as, c.Expect) {
			passed++
		} else {
			t.Logf("%s: %q: %+v", c.ID, c.Input, as)
		}
	}
	wantShare(t, passed, len(cases))
}

func sameAddresses(as []Address, expect json.RawMessage) bool {
	var flat []map[string]any
	if json.Unmarshal(expect, &flat) == nil {
		if len(flat) != len(as) {
			return false
		}
		for i, want := range flat {
			got := map[string]any{"addr": as[i].Addr, "user": as[i].User, "domain": as[i].Domain, "name": as[i].Name, "valid": as[i].Valid}
			for k, v := range want {
				if got[k] != v {
					return false
				}
			}
		}
		return true
	}
	type mailbox struct{ Name, Address string }
	var tree struct {
		List  []mailbox
		Group []struct {
			Name      string
			Addresses []mailbox
		}
	}
	if json.Unmarshal(expect, &tree) != nil {
		return false
	}
	var names, groups []string
	for _, m := range tree.List {
		names, groups = append(names, m.Name+"|"+m.Address), append(groups, "")
	}
	for _, g := range tree.Group {
		for _, m := range g.Addresses {
			names, groups = append(names, m.Name+"|"+m.Address), append(groups, g.Name)
		}
	}
	if len(names) != len(as) {
		return false
	}
	for i, a := range as {
		name := a.Name
		if a.Comment != "" && name != "" {
			name += " (" + a.Comment + ")"
		} else if a.Comment != "" {
			name = a.Comment
		}
		if name+"|"+a.Addr != names[i] || a.Group != groups[i] {
			return false
		}
	}
	return true
}

// A vectorDate is a date in the suites' form.
type vectorDate struct {
	Year, Month, Day, Hour, Minute, Second int
	Before                                 bool `json:"tz_before_gmt"`
	TZHour                                 int  `json:"tz_hour"`
	TZMinute                               int  `json:"tz_minute"`
}

func (d *vectorDate) equal(t time.Time, ok bool) bool {
	if d == nil {
		return !ok
	}
	off := d.TZHour*3600 + d.TZMinute*60
	if d.Before {
		off = -off
	}
	want := time.Date(d.Year, time.Month(d.Month), d.Day, d.Hour, d.Minute, d.Second, 0, time.FixedZone("", off))
	_, got := t.Zone()
	return ok && t.Equal(want) && got == off
}

func TestSuiteDate(t *testing.T) {
	type vector struct {
		Input, ID string
		Expect    *vectorDate
	}
	cases := loadVectors[vector](t, "rfc5322-date")
	passed := 0
	for _, c := range cases {
		got, ok := ParseDate(c.Input)
		if c.Expect.equal(got, ok) {
			passed++
		} else {
			t.Logf("%s: %q: %v %v", c.ID, c.Input, got, ok)
		}
	}
	wantShare(t, passed, len(cases))
}

func TestSuiteSMTPDate(t *testing.T) {
	type vector struct {
		Input, ID string
		Unix      *int64
	}
	cases := loadVectors[vector](t, "smtp-date")
	passed := 0
	for _, c := range cases {
		pass := true
		for _, parse := range []func(string) (time.Time, bool){ParseDate, ParseSMTPDate} {
			got, ok := parse(c.Input)
			pass = pass && ok == (c.Unix != nil) && (!ok || got.Unix() == *c.Unix)
		}
		if pass {
			passed++
		} else {
			t.Logf("%s: %q", c.ID, c.Input)
		}
	}
	wantShare(t, passed, len(cases))
}

func TestSuiteReceived(t *testing.T) {
	type vector struct {
		Input, ID string
		Expect    struct {
			From, By, Helo       map[string]string
			FromIP               string `json:"from_ip"`
			IPRev                string `json:"from_iprev"`
			With, ID, Via, Ident string
			For                  string `json:"for_"`
			TLSVersion           string `json:"tls_version"`
			TLSCipher            string `json:"tls_cipher"`
			Date                 *vectorDate
		}
	}
	host := func(m map[string]string) string { return m["Name"] + m["IpAddr"] }
	cases := loadVectors[vector](t, "received")
	passed := 0
	for _, c := range cases {
		r, e := ParseReceived(c.Input), c.Expect
		var bad []string
		check := func(what, got, want string) {
			if got != want {
				bad = append(bad, what+"="+got+" not "+want)
			}
		}
		check("from", r.From, host(e.From))
		check("by", r.By, host(e.By))
		// The suite's reader tells HELO, ident and name only where a comment
		// does, and no address from "from [ip] (helo=x)" and "(ident@ip)".
		optional := func(what, got, want string, or ...string) {
			if want != "" || !slices.Contains(or, got) {
				check(what, got, want)
			}
		}
		optional("helo", r.Said.Helo, host(e.Helo), "", r.From)
		ip := ""
		if r.Seen.IP.IsValid() {
			ip = r.Seen.IP.String()
			if r.Seen.IP.Is4In6() {
				ip = "::ffff:" + r.Seen.IP.Unmap().String()
			}
		}
		local, address, _ := strings.Cut(e.Ident, "@")
		optional("ip", ip, e.FromIP, "", e.From["IpAddr"], address)
		optional("iprev", r.Seen.Name, e.IPRev, "", r.From, address)
		check("with", r.With, strings.ToUpper(e.With))
		check("id", r.ID, e.ID)
		check("via", r.Via, e.Via)
		check("for", r.For, e.For)
		account := e.Ident == "" && strings.Contains(c.Input, "(account "+r.Said.Ident+" ")
		if idents := strings.Split(r.Said.Ident, "/"); !slices.Contains(idents, e.Ident) && !slices.Contains(idents, local) && !account {
			check("ident", r.Said.Ident, e.Ident) // its words end at slashes
		}
		check("tls", strings.ReplaceAll(r.TLSVersion, ".", "_"), e.TLSVersion)
		check("cipher", r.TLSCipher, e.TLSCipher)
		if e.Date != nil && e.Date.Year < 1950 {
			e.Date.Year += 100 // of two digits, up to 49: RFC 5322 section 4.3
		}
		if !e.Date.equal(r.Time, !r.Time.IsZero()) {
			bad = append(bad, "date "+r.Time.String())
		}
		if len(bad) == 0 {
			passed++
		} else {
			t.Logf("%s: %q: %s", c.ID, c.Input, strings.Join(bad, "; "))
		}
	}
	wantShare(t, passed, len(cases))
}
