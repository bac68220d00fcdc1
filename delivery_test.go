package winnow_test

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/authheader"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/internal/worktest"
	"github.com/winnowmail/winnow/mail"
)

// The tests here scan hostile messages and deliver them with the edits of their
// verdict. The whole way never fails, and what arrives has the marks of this
// verdict and no others.

// asked is the action that a test wants; the check of deciding asks for it.
func asked() checks.Fact[actions.Action] { return checks.Fact[actions.Action]{Name: "asked"} }

// deciding is a Scanner with all checks, which also adds the results that it
// trusts, and comes to the action that is seeded.
func deciding(t *testing.T) *winnow.Scanner {
	o := builtin()
	o.Families = standard.Families(standard.Options{AuthHeader: &authheader.Options{}})
	o.Checks = []*checks.Check{{
		Name: "decide", Doc: "test", Provides: []checks.AnyFact{asked()}, Run: func(_ context.Context, t *checks.Task) error {
			if a, ok := asked().Get(t); ok {
				t.PreResult(actions.PreResult{Action: a, ProcessAll: true, Priority: 1000})
			}
			return nil
		},
	}}
	return newScanner(t, o)
}

// hostileShapes are messages whose headers readers disagree about.
func hostileShapes() map[string]string {
	const head = "From: a@example.org\r\nSubject: old\r\nX-Spam: No\r\n"
	return map[string]string{
		"begins with a space":           " X-Spam: No\r\nSubject: old\r\nFrom: a@example.org\r\n\r\nbody\r\n",
		"begins with a continuation":    "\tfolded\r\n X-Spam: No\r\n" + head + "\r\nbody\r\n",
		"begins with a blank line":      "\r\n" + head + "\r\nbody\r\n",
		"ends by CR CR LF":              head + "\r\r\nX-Spam: body\r\n",
		"CR CR LF everywhere":           strings.ReplaceAll(head+"\r\nbody\r\n", "\r\n", "\r\r\n"),
		"bare CR":                       strings.ReplaceAll(head+"\r\nbody\r\n", "\r\n", "\r"),
		"bare LF":                       strings.ReplaceAll(head+"\r\nbody\r\n", "\r\n", "\n"),
		"a bare CR within":              "From: a@example.org\rX-Spam: No\r\nSubject: old\rX-Spam: No\r\n\r\nbody\r\n",
		"mixed":                         "From: a@example.org\nSubject: old\r\nX-Spam: No\r\r\n\nbody\r\n\r\nX-Spam: body\r\n",
		"no header":                     "hello\r\nworld\r\n",
		"no header and a blank line":    "\r\nX-Spam: body\r\n",
		"no header and a long line":     strings.Repeat("word ", 20_000),
		"no end":                        "Subject: old\r\nX-Spam: No",
		"no body":                       head,
		"only a field":                  "X-Spam: No\r\n\r\n",
		"mbox":                          "From a@example.org Fri Nov 27 10:00:00 2026\r\n" + head + "\r\nbody\r\n",
		"mbox and a blank line":         "From a@example.org Fri Nov 27 10:00:00 2026\n\n" + head + "\r\nbody\r\n",
		"mbox lines":                    "From a\r\nFrom b\r\n" + head + "From c\r\n\r\nbody\r\n",
		">From":                         ">From a@example.org\r\n" + head + "\r\nbody\r\n",
		"a blank before the colon":      "Subject : old\r\nX-Spam : No\r\nX-Spam\t:No\r\nFrom: a@example.org\r\n\r\nbody\r\n",
		"a fold before the colon":       "From: a@example.org\r\nX-Spam\r\n : No\r\nSubject\r\n\t: old\r\n\r\nbody\r\n",
		"control characters in a name":  "From: a@example.org\r\nX-\x00Spam: No\r\nX\x01-Spam: No\r\nSubject: old\r\n\r\nbody\r\n",
		"all cases":                     "x-spam: No\r\nX-SPAM: No\r\nX-sPaM:\r\n No\r\nsubject: one\r\nSUBJECT: two\r\n\r\nbody\r\n",
		"junk lines":                    "junk\r\n" + head + "more junk\r\nX-Spam: No\r\n: nothing\r\n\r\nbody\r\n",
		"a NUL":                         "Subject: o\x00ld\r\nX-Spam: \x00\r\n\x00\r\n\r\nbody\x00\r\n",
		"a subject of many lines":       "Subject: a\r\n b\r\n\tX-Spam: No\r\n  \r\n c\r\n\r\nbody\r\n",
		"line ends in a subject":        "Subject: =?utf-8?q?a=0D=0AX-Spam:_No=0D=0A=0D=0Ab?=\r\n\r\nbody\r\n",
		"an encoded encoded word":       "Subject: =?utf-8?q?=3D=3Futf-8=3Fq=3Fham=3F=3D?=\r\n\r\nbody\r\n",
		"a subject of no character set": "Subject: \xff\xfe\x80 =?x-none?b?/////w==?= =?utf-8?b?gICA?=\r\n\r\nbody\r\n",
		"a long subject":                "Subject: " + strings.Repeat("ÄÖÜ and more ", 2_000) + "\r\n\r\nbody\r\n",
		"a long word as subject":        "Subject: " + strings.Repeat("x", 50_000) + "\r\n\r\nbody\r\n",
		"a template as subject":         "Subject: %s %d %% %\r\n\r\nbody\r\n",
		"a subject of blanks":           "Subject:   \t  \r\n\r\nbody\r\n",
		"a boundary in the header":      "Content-Type: multipart/mixed; boundary=b\r\n--b\r\nX-Spam: No\r\n\r\n--b\r\nX-Spam: part\r\n\r\nx\r\n--b--\r\n",
	}
}

// delivers scans a message for an action, applies the edits and holds the
// outcome to what the verdict says.
func delivers(t *testing.T, s *winnow.Scanner, name string, env mail.Envelope, raw []byte, action actions.Action) {
	t.Helper()
	res, err := s.Scan(t.Context(), &winnow.Message{Envelope: env, Body: winnow.FromBytes(raw)}, checks.Seed(asked(), action))
	if err != nil || len(res.Incomplete) > 0 {
		t.Errorf("%s: %v, incomplete %v", name, err, res.Incomplete)
		return
	}
	if res.Action != action {
		t.Errorf("%s: %v, want %v", name, res.Action, action)
	}
	out, err := winnow.Apply(raw, res.Edits)
	if err != nil {
		t.Errorf("%s: %v: %v", name, action, err)
		return
	}
	before, after := wholeHeader(raw), wholeHeader(out)
	spam := 0
	if action == actions.AddHeader {
		spam = 1
	}
	if n := len(after.Header().All("X-Spam")); n != spam || spam == 1 && after.Header().Text("X-Spam") != "Yes" {
		t.Errorf("%s: %v: %d X-Spam, the first is %q, in %.300q", name, action, n, after.Header().Text("X-Spam"), out)
	}
	if n := len(lenient().FindAll(out[:len(out)-len(after.Body())], -1)); n != spam {
		t.Errorf("%s: %v: a lenient reader sees %d X-Spam in %.300q", name, action, n, out)
	}
	if action == actions.RewriteSubject {
		want := "*** SPAM *** " + mail.Parse(raw, mail.Envelope{}, mail.Limits{}).Header().Text("Subject")
		if n, got := len(after.Header().All("Subject")), after.Header().Text("Subject"); n != 1 || words(got) != words(want) {
			t.Errorf("%s: %d subjects, %.300q, want %.300q", name, n, got, want)
		}
	}
	_, body := reference(before, raw, res.Edits, !bytes.Equal(raw, out))
	if !bytes.Equal(after.Body(), body) {
		t.Errorf("%s: %v: body %.300q, want %.300q", name, action, after.Body(), body)
	}
}

// words is a text without its white space, which folding may change.
func words(text string) string { return strings.Join(strings.Fields(text), "") }

// lenient finds fields named X-Spam as a reader does that ends lines at every
// CR and LF and overlooks white space before the colon.
func lenient() *regexp.Regexp { return regexp.MustCompile(`(?i)(?:^|[\r\n])x-spam[ \t]*:`) }

func TestDeliveryOfHostileShapes(t *testing.T) {
	s := deciding(t)
	defer closeNow(t, s)
	all := []actions.Action{
		actions.NoAction, actions.Greylist, actions.AddHeader, actions.RewriteSubject, actions.Quarantine,
		actions.SoftReject, actions.Reject, actions.Discard,
	}
	evil := mail.Envelope{
		Helo: "a\r\nX-Spam: No\r\n\r\n", ClientName: "b\x00\r\nc", From: "d\r\nX-Spam: No@\xff\x00", HasFrom: true,
		Rcpts: []string{"e\r\nX-Spam: No@example.net", ""}, User: "\r\n\r\n", QueueID: "\r\nf", MTAName: "g\r\nX-Spam: No",
	}
	for name, raw := range hostileShapes() {
		for _, action := range all {
			delivers(t, s, name, envelope(), []byte(raw), action)
		}
		delivers(t, s, name+" in a hostile envelope", evil, []byte(raw), actions.AddHeader)
	}
}

func TestDeliveryOfHostileMail(t *testing.T) {
	s := deciding(t)
	defer closeNow(t, s)
	mails := realMail(t)
	for name, raw := range hostileMail(worktest.Size(muchMail)) {
		mails[name] = raw
	}
	delete(mails, "empty") // it is not scanned
	for name, raw := range mails {
		for _, action := range []actions.Action{actions.AddHeader, actions.RewriteSubject} {
			delivers(t, s, name, envelope(), raw, action)
		}
	}
}
