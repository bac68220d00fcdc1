package maxmind

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/winnowmail/winnow/checks/asn"
)

func number(n uint32) map[string]any { return map[string]any{"autonomous_system_number": n} }

func country(field, code string) map[string]any {
	return map[string]any{field: map[string]any{"iso_code": code}}
}

func files(t testing.TB) (asnFile, countryFile string) {
	dir := t.TempDir()
	asnFile, countryFile = filepath.Join(dir, "asn.mmdb"), filepath.Join(dir, "country.mmdb")
	writeDB(t, asnFile, map[string]map[string]any{
		"192.0.2.0/24": number(64500), "198.51.100.0/25": number(64501), "2001:db8::/32": number(4200000000),
	})
	writeDB(t, countryFile, map[string]map[string]any{
		"192.0.2.0/25": country("country", "DE"), "192.0.2.128/25": country("registered_country", "FR"),
		"203.0.113.0/24": country("country", "JP"),
	})
	return asnFile, countryFile
}

func TestLookup(t *testing.T) {
	db, err := Open(files(t))
	if err != nil {
		t.Fatal(err)
	}
	for ip, want := range map[string]asn.Result{
		"192.0.2.1":        {ASN: 64500, Net: netip.MustParsePrefix("192.0.2.0/24"), Country: "DE"},
		"::ffff:192.0.2.1": {ASN: 64500, Net: netip.MustParsePrefix("192.0.2.0/24"), Country: "DE"},
		"192.0.2.200":      {ASN: 64500, Net: netip.MustParsePrefix("192.0.2.0/24"), Country: "FR"},
		"198.51.100.127":   {ASN: 64501, Net: netip.MustParsePrefix("198.51.100.0/25")},
		"198.51.100.128":   {},
		"203.0.113.9":      {Country: "JP"},
		"2001:db8:1::1":    {ASN: 4200000000, Net: netip.MustParsePrefix("2001:db8::/32")},
		"2001:db9::1":      {},
	} {
		if got, err := db.Lookup(netip.MustParseAddr(ip)); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", ip, got, err, want)
		}
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if _, err := db.Lookup(netip.MustParseAddr("192.0.2.1")); err == nil {
		t.Error("a lookup after Close gave no error")
	}
}

// TestFileOfIPv4: a file that has IPv4 addresses only does not know others, and
// does not keep the next file from telling.
func TestFileOfIPv4(t *testing.T) {
	path, other := filepath.Join(t.TempDir(), "v4.mmdb"), filepath.Join(t.TempDir(), "v6.mmdb")
	writeVersion(t, path, 4, map[string]map[string]any{"192.0.2.0/24": number(64500)})
	writeDB(t, other, map[string]map[string]any{"2001:db8::/32": country("country", "DE")})
	db, err := Open(path, other)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for ip, want := range map[string]asn.Result{
		"192.0.2.1": {ASN: 64500, Net: netip.MustParsePrefix("192.0.2.0/24")}, "2001:db8::1": {Country: "DE"}, "2001:db9::1": {},
	} {
		if got, err := db.Lookup(netip.MustParseAddr(ip)); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", ip, got, err, want)
		}
	}
}

func TestOpenNamesTheFile(t *testing.T) {
	good, _ := files(t)
	bad := filepath.Join(t.TempDir(), "bad.mmdb")
	if err := os.WriteFile(bad, []byte("no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{bad, filepath.Join(t.TempDir(), "missing.mmdb"), t.TempDir()} {
		if _, err := Open(good, path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v", path, err)
		}
	}
	if _, err := Open(); err == nil {
		t.Error("no file, no error")
	}
}

// TestReload: a changed file counts from the next check on, a broken or
// missing one does not.
func TestReload(t *testing.T) {
	path, _ := files(t)
	db, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	now := time.Now()
	db.now = func() time.Time { return now }
	db.looked = now
	lookup := func() uint32 {
		t.Helper()
		r, err := db.Lookup(netip.MustParseAddr("192.0.2.1"))
		if err != nil {
			t.Fatal(err)
		}
		return r.ASN
	}
	writeDB(t, path, map[string]map[string]any{"192.0.2.0/24": number(64999)})
	if n := lookup(); n != 64500 {
		t.Errorf("before the check: %d", n)
	}
	now = now.Add(checkEvery)
	if n := lookup(); n != 64999 {
		t.Errorf("after the check: %d", n)
	}
	if err := os.WriteFile(path, []byte("half a fi"), 0o600); err != nil {
		t.Fatal(err)
	}
	now = now.Add(checkEvery)
	if n := lookup(); n != 64999 {
		t.Errorf("with a broken file: %d", n)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	now = now.Add(checkEvery)
	if n := lookup(); n != 64999 {
		t.Errorf("without the file: %d", n)
	}
}

func TestConcurrentUse(t *testing.T) {
	path, _ := files(t)
	db, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	db.now = func() time.Time { return time.Now().Add(time.Hour) } // always due
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				db.Lookup(netip.MustParseAddr("192.0.2.1"))
			}
		})
	}
	for range 20 {
		writeDB(t, path, map[string]map[string]any{"192.0.2.0/24": number(64999)})
	}
	db.Close()
	wg.Wait()
}

func BenchmarkLookup(b *testing.B) {
	db, err := Open(files(b))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	ip := netip.MustParseAddr("192.0.2.1")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := db.Lookup(ip); err != nil {
			b.Fatal(err)
		}
	}
}
