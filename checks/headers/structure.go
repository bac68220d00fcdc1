package headers

import (
	"context"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var (
	multipleUnique = &symbols.Def{
		Name: "MULTIPLE_UNIQUE_HEADERS", Groups: []string{"headers"}, Weight: 7, OneShot: true,
		Doc: "a header field that may occur only once occurs more often; the factor is that of the gravest one",
	}
	missingEssential = &symbols.Def{
		Name: "MISSING_ESSENTIAL_HEADERS", Groups: []string{"blankspam"}, Weight: 7,
		Doc: "none of the usual header fields is there",
	}
	mvCase = &symbols.Def{
		Name: "MV_CASE", Groups: []string{"headers"}, Weight: 0.5,
		Doc: "MIME-Version is spelled Mime-Version",
	}
	xmCase = &symbols.Def{
		Name: "XM_CASE", Groups: []string{"headers"}, Weight: 0.5,
		Doc: "X-Mailer is spelled X-mailer",
	}
	fromEmptyDelimiter    = emptyDelimiter("HEADER_FROM_EMPTY_DELIMITER", "From")
	toEmptyDelimiter      = emptyDelimiter("HEADER_TO_EMPTY_DELIMITER", "To")
	ccEmptyDelimiter      = emptyDelimiter("HEADER_CC_EMPTY_DELIMITER", "Cc")
	replyToEmptyDelimiter = emptyDelimiter("HEADER_REPLYTO_EMPTY_DELIMITER", "Reply-To")
	dateEmptyDelimiter    = emptyDelimiter("HEADER_DATE_EMPTY_DELIMITER", "Date")
)

func emptyDelimiter(name, field string) *symbols.Def {
	return &symbols.Def{
		Name: name, Groups: []string{"headers"}, Weight: 1,
		Doc: "no white space follows the colon of " + field,
	}
}

func structureSymbols() []*symbols.Def {
	return []*symbols.Def{
		multipleUnique, missingEssential, mvCase, xmCase, fromEmptyDelimiter, toEmptyDelimiter,
		ccEmptyDelimiter, replyToEmptyDelimiter, dateEmptyDelimiter,
	}
}

// unique lists the fields of RFC 5322 section 3.6 and RFC 2045 section 3 that
// may occur once, with how much of the weight a repetition counts, in the order
// in which Rspamd 4.1.6 names them.
var unique = [...]struct {
	name   string
	factor float64
	delim  *symbols.Def
}{
	{"To", 0.2, toEmptyDelimiter},
	{"Content-Type", 1, nil},
	{"Sender", 1, nil},
	{"Subject", 0.7, nil},
	{"Reply-To", 1, replyToEmptyDelimiter},
	{"Date", 0.1, dateEmptyDelimiter},
	{"In-Reply-To", 0.7, nil},
	{"References", 0.3, nil},
	{"Message-ID", 0.7, nil},
	{"Bcc", 0.1, nil},
	{"From", 1, fromEmptyDelimiter},
	{"Cc", 0.1, ccEmptyDelimiter},
	{"Content-Transfer-Encoding", 1, nil},
}

func runStructure(_ context.Context, t *checks.Task) error {
	h := t.Message().Header()
	var repeated []string
	var evidence []symbols.Evidence
	factor, seen := 0.0, false
	for _, u := range unique {
		fields := h.All(u.name)
		seen = seen || len(fields) > 0
		if len(fields) > 1 {
			repeated = append(repeated, u.name)
			evidence = append(evidence, checks.Field(fields[1])...)
			factor = max(factor, u.factor)
		}
		if u.delim != nil {
			for _, f := range fields {
				if !separated(f) {
					t.HitField(u.delim, f)
					break
				}
			}
		}
	}
	if factor > 0 {
		t.HitAt(symbols.Hit{
			Def: multipleUnique, Factor: factor, Evidence: evidence,
			Options: []string{strings.Join(repeated, ",")},
		})
	}
	if !seen {
		t.Hit(missingEssential)
	}
	spelled(t, h.All("mime-version"), "Mime-Version", mvCase)
	spelled(t, h.All("x-mailer"), "X-mailer", xmCase)
	return nil
}

// separated reports whether the colon is followed by white space on the same
// line.
func separated(f *mail.Field) bool {
	s := f.Separator()
	return s != "" && (s[0] == ' ' || s[0] == '\t')
}

func spelled(t *checks.Task, fields []*mail.Field, name string, d *symbols.Def) {
	for _, f := range fields {
		if f.Name() == name {
			t.HitField(d, f)
			return
		}
	}
}
