package dmarcreport

import (
	"fmt"
	"io"
	"time"

	"github.com/emersion/go-message/mail"
)

// WriteMessage writes the report as a message (RFC 5322, RFC 9990 section 3.1)
// of two parts, from an address and, unless it is "", its display name. Lines
// end in CRLF. A DKIM signature, which receivers of reports want, is the MTA's.
func (m Mail) WriteMessage(w io.Writer, from, name string, date time.Time) error {
	var h mail.Header
	h.SetDate(date)
	h.SetAddressList("From", []*mail.Address{{Name: name, Address: from}})
	h.SetAddressList("To", []*mail.Address{{Address: m.To}})
	h.SetSubject(m.Subject)
	h.SetMessageID(m.ReportID)
	h.Set("Auto-Submitted", "auto-generated")
	if err := m.write(w, h); err != nil {
		return fmt.Errorf("dmarcreport: report about %s: %w", m.Domain, err)
	}
	return nil
}

func (m Mail) write(w io.Writer, h mail.Header) error {
	parts, err := mail.CreateWriter(w, h)
	if err != nil {
		return err
	}
	var text mail.InlineHeader
	text.SetContentType("text/plain", map[string]string{"charset": "utf-8"})
	if err := part(parts.CreateSingleInline(text))(m.Text); err != nil {
		return err
	}
	var report mail.AttachmentHeader
	report.SetContentType("application/gzip", nil)
	report.SetFilename(m.Filename)
	if err := part(parts.CreateAttachment(report))(string(m.Data)); err != nil {
		return err
	}
	return parts.Close()
}

// part returns what writes the content of a part that was begun.
func part(w io.WriteCloser, err error) func(content string) error {
	return func(content string) error {
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, content); err != nil {
			return err
		}
		return w.Close()
	}
}
