package mail

import "testing"

func TestAddressSame(t *testing.T) {
	for _, c := range []struct {
		a, b         string
		same, domain bool
	}{
		{"anna@b\u00fccher.example", "Anna@XN--BCHER-KVA.example", true, true},
		{"anna@b\u00fccher\uff0eexample", "anna@b\u00fccher.example", true, true},
		{"j\u00f6rg@example.org", "J\u00d6RG@EXAMPLE.org", true, true},
		{"anna@b\u00fccher.example", "anna@bucher.example", false, false},
		{"anna@b\u00fccher.example", "bob@xn--bcher-kva.example", false, true},
		{"<>", "<>", true, true},
	} {
		a, b := ParseAddress(c.a), ParseAddress(c.b)
		if a.Same(&b) != c.same || b.Same(&a) != c.same || a.SameDomain(&b) != c.domain {
			t.Errorf("%q and %q: %v, %v", c.a, c.b, a.Same(&b), a.SameDomain(&b))
		}
	}
	if got := AddressKey("Anna@B\u00fccher.example"); got != "Anna@"+DomainKey("b\u00dccher.example.") {
		t.Errorf("AddressKey: %q", got)
	}
}
