package passhash

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	const made = "$1$ndquw7kjd7o3cmkgkpjrtpuhz74o51qs$wj6yzr1y86ojs68x57oya83ayrsi3cegty58ahkqyiy6emisqhrb" // by rspamadm 3.4, of "test"
	for _, c := range []struct {
		hash, password string
		ok             bool
		err            error
	}{
		{made, "test", true, nil},
		{made + "\n", "test", true, nil},
		{made, "Test", false, nil},
		{made, "", false, nil},
		{made[:len(made)-1], "test", false, ErrForm},
		{strings.Replace(made, "$1$n", "$1$0", 1), "test", false, ErrForm},
		{"$2$aaaa$bbbb", "test", false, ErrCatena},
		{"test", "test", false, ErrForm},
		{"", "", false, ErrForm},
	} {
		if ok, err := Check(c.hash, c.password); ok != c.ok || !errors.Is(err, c.err) {
			t.Errorf("%q of %q: %v, %v", c.hash, c.password, ok, err)
		}
	}
}

func TestHash(t *testing.T) {
	for _, password := range []string{"", "secret", strings.Repeat("long ", 30)} {
		a, b := Hash(password), Hash(password)
		if ok, err := Check(a, password); !ok || err != nil || a == b {
			t.Errorf("%q: %s is not its hash, or not salted: %v", password, a, err)
		}
	}
}

// TestRspamd has Rspamd's own tool check hashes, and checks those that it makes.
func TestRspamd(t *testing.T) {
	if _, err := exec.LookPath("rspamadm"); err != nil {
		t.Skip("no rspamadm: install the package rspamd")
	}
	for _, password := range []string{"secret", strings.Repeat("0123456789", 9)} {
		out, err := exec.Command("rspamadm", "pw", "-q", "-e", "-t", "pbkdf2", "-p", password).Output()
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := Check(string(out), password); !ok || err != nil {
			t.Errorf("rspamadm's hash %s: %v, %v", out, ok, err)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("$1$ndquw7kjd7o3cmkgkpjrtpuhz74o51qs$wj6yzr1y86ojs68x57oya83ayrsi3cegty58ahkqyiy6emisqhr", "x")
	f.Add("$2$a$b", "")
	f.Fuzz(func(t *testing.T, hash, password string) {
		if len(hash) > 85 {
			return // a whole one costs 16,000 rounds
		}
		if ok, _ := Check(hash, password); ok {
			t.Errorf("%q is a hash of %q", hash, password)
		}
	})
}
