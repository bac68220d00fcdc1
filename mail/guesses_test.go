package mail

import (
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/hostile"
	"github.com/winnowmail/winnow/internal/worktest"
)

// cutsOf returns the limits that cut something from a message.
func cutsOf(m *Message) []string {
	var out []string
	for _, n := range m.Cuts() {
		out = append(out, n.Text)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestGuessesOfFields: charsets are guessed for the first fields that need it
// and taken without a guess for the others, whatever is read first.
func TestGuessesOfFields(t *testing.T) {
	const russian = "\xcf\xf0\xe8\xe2\xe5\xf2, \xea\xe0\xea \xe4\xe5\xeb\xe0 \xf1\xe5\xe3\xee\xe4\xed\xff"
	for n, want := range map[int]bool{maxGuessedFields: false, maxGuessedFields + 1: true} {
		raw := []byte(strings.Repeat("X: "+russian+"\r\n", n) + "Subject: =?utf-8?q?=C3=A4?=\r\n\r\nx\r\n")
		m := Parse(raw, Envelope{}, Limits{})
		fields := m.Header().Fields()
		first, last := fields[0].Text(), fields[n-1].Text()
		if !strings.HasPrefix(first, "Привет") || strings.HasPrefix(last, "Привет") == want {
			t.Errorf("%d fields: %q and %q", n, first, last)
		}
		if got := slices.Contains(cutsOf(m), "Charsets"); got != want {
			t.Errorf("%d fields: cut %v", n, cutsOf(m))
		}
		if s := m.Header().Text("Subject"); s != "ä" {
			t.Errorf("%d fields: subject %q, which says what it is", n, s)
		}
	}
	words := strings.Repeat("=?x?q?=cf=f0=e8=e2=e5=f2,_=ea=e0=ea_=e4=e5=eb=e0?= =?y?q?=cf=f0=e8=e2=e5=f2?= ", 100)
	if s := DecodeText(words); strings.Count(s, "Привет") < 190 {
		t.Errorf("the last guess does not hold: %.200q", s)
	}
}

// TestGuessesOfParts: the texts of the first parts are guessed.
func TestGuessesOfParts(t *testing.T) {
	part := "--b\r\nContent-Type: text/plain\r\n\r\n\xcf\xf0\xe8\xe2\xe5\xf2, \xea\xe0\xea \xe4\xe5\xeb\xe0\r\n"
	m := Parse([]byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n"+strings.Repeat(part, 2*maxGuessedParts)+"--b--\r\n"), Envelope{}, Limits{})
	guessed := 0
	for _, x := range m.Texts() {
		if strings.HasPrefix(x.UTF8(), "Привет") {
			guessed++
		}
	}
	if guessed != maxGuessedParts-1 || !slices.Equal(cutsOf(m), []string{"Charsets"}) {
		t.Errorf("%d texts guessed, cut %v", guessed, cutsOf(m))
	}
}

// TestLinesThatAreNoBoundary: what begins with two dashes is kept up to a
// bound, and parts behind it are found nevertheless.
func TestLinesThatAreNoBoundary(t *testing.T) {
	const head = "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
	for n, want := range map[int][]string{maxLines - 2: nil, 3 * maxLines: {"Boundaries"}} {
		m := Parse([]byte(head+strings.Repeat("--x\n", n)+"--b\r\n\r\nfirst\r\n--b\r\n\r\nsecond\r\n--b--\r\n"), Envelope{}, Limits{})
		if len(m.Parts()) != 3 || string(m.Parts()[2].Content()) != "second" || !slices.Equal(cutsOf(m), want) {
			t.Errorf("%d lines: %d parts, cut %v", n, len(m.Parts()), cutsOf(m))
		}
	}
}

// TestMemory: no message takes more than three times its size and 16 MiB. What
// is allocated in all bounds what is held at any time.
func TestMemory(t *testing.T) {
	size := worktest.Size(worktest.Size(8 << 20))
	fill := func(unit string, n int) string { return strings.Repeat(unit, n/len(unit)) }
	mixed := "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
	for name, raw := range map[string][]byte{
		"dashes": []byte(mixed + fill("--x\n", size)),
		"parts":  []byte(mixed + fill("--b\n\nx\n", size)),
		"fields": []byte(fill("X: y\r\n", size) + "\r\nx\r\n"),
		"URLs":   []byte("Subject: x\r\n\r\n" + fill("http://a.example/b ", size)),
		"base64": []byte("Content-Transfer-Encoding: base64\r\nContent-Type: application/x\r\n\r\n" + fill("QUFB\n", size)),
		"nested": hostile.Nested("8bit", 40, size),
		"packed": hostile.Nested("base64", 3, size/3),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m := Parse(raw, Envelope{}, Limits{})
		for _, p := range m.Parts() {
			p.Content()
		}
		runtime.ReadMemStats(&after)
		taken := after.TotalAlloc - before.TotalAlloc
		t.Logf("%-7s %5.1f MiB, %5.1f MiB allocated", name, float64(len(raw))/(1<<20), float64(taken)/(1<<20))
		if most := uint64(2*len(raw) + 16<<20); taken > most { // the message itself is the third
			t.Errorf("%s: %d bytes for a message of %d", name, taken, len(raw))
		}
		runtime.KeepAlive(m)
	}
}
