package prior

import (
	"testing"

	"github.com/winnowmail/winnow/bayes/fused"
	"github.com/winnowmail/winnow/mail"
)

// TestBuiltin reads the table, and has a model that learned nothing judge by it.
func TestBuiltin(t *testing.T) {
	p := Builtin()
	if len(spamassassin) > 1<<16 || p.Digest() != Builtin().Digest() {
		t.Fatalf("%d bytes, digest %x", len(spamassassin), p.Digest())
	}
	for _, seed := range []uint64{1, 2} {
		m, err := fused.New(fused.Options{Seed: seed, Prior: p})
		if err != nil {
			t.Fatal(err)
		}
		judge := func(raw string) float64 {
			msg := mail.Parse([]byte(raw), mail.Envelope{}, mail.Limits{})
			return m.Classify(m.Features(msg, nil, "")).Probability
		}
		spam := judge("From: \"Best Offers\" <sale0042@shop.example.com>\nTo: bob@example.net\nSubject: SAVE 80% - Lowest mortgage rates ever!!!\nMIME-Version: 1.0\n" +
			"Content-Type: text/html\nX-Priority: 1\n\n<html><body><font size=5 color=red>FREE! Act now, this is a limited time offer.</font>" +
			"<p>Click here to earn money at home, risk free and guaranteed.<p>To be removed from our list click here.</body></html>\n")
		ham := judge("From: Anna Jones <anna@example.org>\nTo: bob@example.net\nSubject: Re: patch for the build script\nIn-Reply-To: <1@example.net>\n" +
			"References: <1@example.net>\nUser-Agent: Mutt/1.4i\nContent-Type: text/plain; charset=us-ascii\n\nOn Tue, Bob wrote:\n> the build breaks on my machine\n\n" +
			"I think the problem is in the perl module, not in the script. I wrote a small patch that seems to work.\n\n-- \nAnna\n")
		if spam < .9 || ham > .1 {
			t.Errorf("seed %d: P %.3f for spam and %.3f for ham", seed, spam, ham)
		}
	}
}
