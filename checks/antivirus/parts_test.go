package antivirus

import (
	"strings"
	"testing"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
)

// TestParts: attachments are sent, decoded, each content once; after one that nobody
// answered the others are not tried.
func TestParts(t *testing.T) {
	const b = "--b\r\nContent-Type: "
	message := "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b + "text/plain\r\n\r\neicar in the text\r\n" +
		b + "application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\ndmlydXMtYQ==\r\n" +
		b + "application/pdf; name=b.pdf\r\n\r\nvirus-a\r\n" +
		b + "image/png\r\n\r\neicar\r\n" +
		b + "text/plain; name=c.txt\r\nContent-Disposition: attachment\r\n\r\nlocked\r\n" +
		b + "message/rfc822\r\n\r\nContent-Type: application/zip\r\n\r\nmacros\r\n--b--\r\n"
	for _, c := range []struct {
		rule  Rule
		asked int32
		want  string
	}{
		{Rule{}, 3, "CLAM_VIRUS(Win.Test.A-1) CLAM_VIRUS(Win.Test.A-1) CLAM_VIRUS_ENCRYPTED(File is encrypted) CLAM_VIRUS_MACRO(File contains macros)"},
		{Rule{Text: true, Images: true}, 5, "CLAM_VIRUS(Eicar-Signature) CLAM_VIRUS(Win.Test.A-1) CLAM_VIRUS(Win.Test.A-1) CLAM_VIRUS(Eicar-Signature) " +
			"CLAM_VIRUS_ENCRYPTED(File is encrypted) CLAM_VIRUS_MACRO(File contains macros)"},
	} {
		d := &daemon{say: findings}
		c.rule.Servers = []string{d.listen(t, "unix")}
		if got := said(run(t, rule(t, c.rule).check(), nil, message)); got != c.want || d.asked.Load() != c.asked {
			t.Errorf("asked %d times: %s", d.asked.Load(), got)
		}
	}
	d := &daemon{say: func([]byte) string { return "-" }}
	r := Rule{Servers: []string{d.listen(t, "unix")}, Tries: 1}
	if got := said(run(t, rule(t, r).check(), nil, message)); got != "CLAM_VIRUS_FAIL(connection failed)" || d.asked.Load() != 1 {
		t.Errorf("asked %d times: %s", d.asked.Load(), got)
	}
}

// TestStore: what was found is not asked again while the store has it; what failed
// is. A store that is down hinders nothing.
func TestStore(t *testing.T) {
	d := &daemon{say: findings}
	store := storage.Full(storage.NewMemory(storage.MemoryOptions{}))
	r := Rule{Name: "Clam", Servers: []string{d.listen(t, "unix")}}
	c := rule(t, r).check()
	for word, want := range map[string]string{
		"harmless": "", "virus-a": "CLAM_VIRUS(Win.Test.A-1)", "locked": "CLAM_VIRUS_ENCRYPTED(File is encrypted)", "macros": "CLAM_VIRUS_MACRO(File contains macros)",
	} {
		before := d.asked.Load()
		for range 3 {
			if got := said(run(t, c, store, attach+word)); got != want {
				t.Errorf("%s: %s", word, got)
			}
		}
		if n := d.asked.Load() - before; n != 1 {
			t.Errorf("%s: asked %d times", word, n)
		}
	}
	before := d.asked.Load()
	for range 2 {
		if got := said(run(t, c, store, attach+"bomb")); got != "CLAM_VIRUS_FAIL(Limits Exceeded: Heuristics.Limits.Exceeded.MaxRecursion)" {
			t.Error(got)
		}
	}
	if n := d.asked.Load() - before; n != 2 {
		t.Errorf("a limit: asked %d times", n)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if got := said(run(t, c, store, attach+"virus-a")); got != "CLAM_VIRUS(Win.Test.A-1)" {
		t.Errorf("without the store: %s", got)
	}
	r.Expire = -1
	if c := rule(t, r).check(); c.Needs.Store {
		t.Error("a rule that keeps nothing needs the store")
	}
}

// TestReplay: what clamd said is observed, and a replay asks neither it nor the store.
func TestReplay(t *testing.T) {
	d := &daemon{say: findings}
	c := rule(t, Rule{Servers: []string{d.listen(t, "unix")}, Action: actions.Reject}).check()
	recorded := map[string][]byte{}
	st := &checks.State{Message: mail.Parse([]byte(attach+"virus-a"), mail.Envelope{}, mail.Limits{})}
	st.Outside = func(_ *checks.Check, name string, f func() []byte) []byte {
		recorded[name] = f()
		return recorded[name]
	}
	first, err := st.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range []map[string][]byte{recorded, nil} {
		st.Outside = func(_ *checks.Check, name string, _ func() []byte) []byte { return data[name] }
		again, err := st.Run(t.Context(), c)
		want := said(first)
		if data == nil {
			want = "CLAM_VIRUS_FAIL(not recorded)"
		}
		if got := said(again); err != nil || got != want || !strings.Contains(said(first), "Win.Test.A-1") {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
	if n := d.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}
