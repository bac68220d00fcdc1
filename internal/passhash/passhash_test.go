package passhash

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	const made = "$1$ndquw7kjd7o3cmkgkpjrtpuhz74o51qs$wj6yzr1y86ojs68x57oya83ayrsi3cegty58ahkqyiy6emisqhrb"    // by rspamadm 3.4, of "test"
	const catenas = "$2$9uk3bdb5r488zypcpchahtffxxkufsh4$kzrefkrnhg9moq6b879cczwean8unskgp5yr5c3znntbc1m8cdmy" // likewise
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
		{catenas, "test", true, nil},
		{catenas, "Test", false, nil},
		{strings.Replace(catenas, "$2$", "$3$", 1), "test", false, ErrForm},
		{"$2$aaaa$bbbb", "test", false, ErrForm},
		{"test", "test", false, ErrForm},
		{"", "", false, ErrForm},
	} {
		if ok, err := Check(c.hash, c.password); ok != c.ok || !errors.Is(err, c.err) {
			t.Errorf("%q of %q: %v, %v", c.hash, c.password, ok, err)
		}
		if err := Validate(c.hash); !errors.Is(err, c.err) {
			t.Errorf("%q: %v", c.hash, err)
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
		for _, kind := range []string{"pbkdf2", "catena"} {
			out, err := exec.Command("rspamadm", "pw", "-q", "-e", "-t", kind, "-p", password).Output()
			if err != nil {
				t.Fatal(err)
			}
			if ok, err := Check(string(out), password); !ok || err != nil {
				t.Errorf("rspamadm's hash %s: %v, %v", out, ok, err)
			}
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("$1$ndquw7kjd7o3cmkgkpjrtpuhz74o51qs$wj6yzr1y86ojs68x57oya83ayrsi3cegty58ahkqyiy6emisqhr", "x")
	f.Add("$2$a$b", "")
	f.Fuzz(func(t *testing.T, hash, password string) {
		if len(hash) >= 88 || Validate(hash) == nil {
			return // a whole one costs ten milliseconds
		}
		if ok, _ := Check(hash, password); ok {
			t.Errorf("%q is a hash of %q", hash, password)
		}
	})
}
