package valid

import (
	"math"
	"net/netip"
	"strings"
	"testing"
)

func TestFields(t *testing.T) {
	f := Of("test")
	f.Number("N", 5, 0, 5)
	f.Factor("F", -1.5)
	f.Networks("Nets", []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")})
	f.Symbol("S", "A_B-1")
	f.Domains("D", []string{"example.org.", "xn--a.example"})
	f.Words("W", []string{"mail"})
	if err := f.Err(); err != nil {
		t.Fatal(err)
	}
	f.Number("N", -1, 0, 5)
	f.Factor("F", math.NaN())
	f.Networks("Nets", make([]netip.Prefix, 1))
	f.Symbol("S1", "")
	f.Symbol("S2", "A B")
	f.Domains("D", []string{"a.example", "", "a..example", strings.Repeat("a", 64), "a@b"})
	f.Words("W", []string{"mail", " "})
	f.Add(Key("M", "x"), "no good")
	const want = `test: N: -1 is not between 0 and 5
test: F: NaN is no factor
test: Nets[0]: no network
test: S1: missing
test: S2: "A B" is no name of a symbol
test: D[1]: "" is no domain
test: D[2]: "a..example" is no domain
test: D[3]: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" is no domain
test: D[4]: "a@b" is no domain
test: W[1]: empty
test: M["x"]: no good`
	if got := f.Err().Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
