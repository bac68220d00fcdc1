package dmarcreport

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	gomessage "github.com/emersion/go-message/mail"
)

func TestWriteMessage(t *testing.T) {
	m := Mail{
		To: "rua@example.org", Subject: "Report Domain: example.org Submitter: example.net Report-ID: <1.a@example.net>",
		Text: "Ein Bericht für example.org.\r\n", Filename: "example.net!example.org!1!2!a.xml.gz",
		Data: []byte("\x1f\x8b\x00binary\r\n.\n"), Domain: "example.org", ReportID: "1.a@example.net",
	}
	var b bytes.Buffer
	if err := m.WriteMessage(&b, "postmaster@example.net", "Bücher, Ltd.", time.Date(2026, 11, 27, 1, 2, 3, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitAfterSeq(strings.TrimSuffix(b.String(), "\r\n"), "\r\n") {
		if strings.Contains(strings.TrimSuffix(line, "\r\n"), "\n") || len(line) > 998 || strings.ContainsFunc(line, func(r rune) bool { return r > 126 }) {
			t.Errorf("line %q", line)
		}
	}
	r, err := gomessage.CreateReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	from, _ := r.Header.AddressList("From")
	id, _ := r.Header.MessageID()
	date, _ := r.Header.Date()
	if len(from) != 1 || from[0].Name != "Bücher, Ltd." || from[0].Address != "postmaster@example.net" || id != m.ReportID || date.Minute() != 2 || r.Header.Get("MIME-Version") == "" {
		t.Errorf("from %v, id %q, date %v", from, id, date)
	}
	for i, want := range []string{m.Text, string(m.Data)} {
		p, err := r.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(p.Body); err != nil || string(got) != want {
			t.Errorf("part %d: %q, %v", i, got, err)
		}
		if h, ok := p.Header.(*gomessage.AttachmentHeader); i == 1 {
			if name, _ := h.Filename(); !ok || name != m.Filename {
				t.Errorf("file name %q", name)
			}
		}
	}
	if _, err := r.NextPart(); err != io.EOF {
		t.Errorf("after the last part: %v", err)
	}
}
