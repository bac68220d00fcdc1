package spamassassin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// debian reads the rule files of Debian's package spamassassin.
func debian(t testing.TB) []File {
	t.Helper()
	names, err := filepath.Glob("/usr/share/spamassassin/*.cf")
	if err != nil || len(names) == 0 {
		t.Skip("Debian's package spamassassin is not installed")
	}
	var files []File
	for _, n := range names {
		data, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, File{Name: filepath.Base(n), Text: string(data)})
	}
	return files
}

// TestDebian holds how much of the rules that SpamAssassin comes with is read.
func TestDebian(t *testing.T) {
	r := read(debian(t))
	kinds := map[string]int{}
	for _, x := range r.rules {
		switch {
		case x.meta != nil:
			kinds["meta"]++
		case x.call != nil:
			kinds["eval"]++
		default:
			kinds[x.kind.String()]++
		}
	}
	bad := 0
	reasons := map[string]int{}
	for _, p := range r.problems {
		first, _, _ := strings.Cut(p.Text, " ")
		switch strings.Fields(first)[0] {
		case "header", "body", "rawbody", "uri", "full", "mimeheader", "meta":
			bad++
			if testing.Verbose() {
				t.Log(p)
			}
		}
		reasons[p.Reason]++
	}
	t.Logf("%d rules %v, %d not read, %d other lines", len(r.rules), kinds, bad, len(r.problems)-bad)
	direct := newSheet(Options{}, r).texts.Direct()
	t.Logf("%d patterns run on every text", len(direct))
	if len(r.rules) < 2000 || bad > 400 {
		t.Errorf("%d rules are read, %d are not", len(r.rules), bad)
	}
}
