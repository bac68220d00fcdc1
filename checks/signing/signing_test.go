package signing

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/arc"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/dmarc"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/signing"
)

// testKey is everybody's key in these tests.
func testKey() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
}

// inMemory are rules whose keys are there for every domain.
func inMemory(r signing.Rules) signing.Rules {
	r.Keys = signing.KeyFunc(func(context.Context, signing.Identity) (crypto.Signer, error) { return testKey(), nil })
	return r
}

func TestFixtures(t *testing.T) {
	d, a := inMemory(signing.DKIM()), inMemory(signing.ARC())
	checktest.Run(t, New(Options{DKIM: &d, ARC: &ARC{Rules: a}}), checktest.With(Facts()))
}

// Facts stands for the checks whose facts the host seeds here.
func Facts() *checks.Check {
	return &checks.Check{
		Name: "facts", Doc: "d", Run: func(context.Context, *checks.Task) error { return nil },
		Provides: []checks.AnyFact{arc.Fact, spf.Fact, dkim.Fact, dmarc.Fact},
	}
}
