package hfilter

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// mostlyLinks is the share that URLs have in a text which is little but links.
const mostlyLinks = 0.8

// runLinks looks at the last HTML part, or the last plain one where there is
// none.
func runLinks(_ context.Context, t *checks.Task) error {
	var text *mail.Text
	for _, x := range t.Message().Texts() {
		if text == nil || x.IsHTML || !text.IsHTML {
			text = x
		}
	}
	if text == nil {
		return nil
	}
	total := len(text.Plain())
	links := t.Message().URLBytes(text)
	if total == 0 || links == 0 {
		return nil
	}
	share := float64(links) / float64(total)
	if share <= mostlyLinks {
		return nil
	}
	factor := min(1, (share-mostlyLinks)/(1-mostlyLinks))
	t.HitAt(symbols.Hit{
		Def: urlOnly, Factor: factor, Options: []string{strconv.FormatFloat(factor, 'g', 14, 64)},
		Evidence: checks.Part(text.Part),
	})
	// As Rspamd 4.1.6, which counts line ends, not lines.
	if strings.Count(strings.TrimSpace(text.Plain()), "\n") == 1 {
		kind := "plain"
		if text.IsHTML {
			kind = "html"
		}
		t.HitAt(symbols.Hit{
			Def: urlOneLine, Factor: 1, Options: []string{fmt.Sprintf("%s:%d:1", kind, int(share))},
			Evidence: checks.Part(text.Part),
		})
	}
	return nil
}
