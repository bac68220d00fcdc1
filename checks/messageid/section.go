package messageid

import (
	"maps"
	"strings"

	"github.com/winnowmail/winnow/checks/option"
)

// Section is the table of Rspamd's section mid.
func (o *Options) Section() *option.Section {
	return &option.Section{
		Name: "mid", Doc: "knows senders of strange Message-IDs", Off: &o.Off,
		Keys: append([]option.Key{
			option.Func("source", "list of lines DOMAIN [/EXPRESSION/], or file with one", o.source, "domains whose signature excuses the Message-ID, or that there is none").
				Example([]string{"example.org /^[0-9]+@example\\.org$/"}),
		}, option.Without("symbols have Rspamd's names", "symbol_known_mid", "symbol_known_no_mid")...),
	}
}

// source reads the list. Where it is Rspamd's own, what came with Rspamd stands for
// it, and entries beside it count, too.
func (o *Options) source(v option.Value) error {
	lines, err := v.Entries()
	if err != nil || v.Upstream() && len(lines) == 0 {
		return err
	}
	known, err := ParseKnown(strings.Join(lines, "\n"))
	if err != nil {
		return v.Errorf("%w", err)
	}
	if v.Upstream() {
		all := Bundled()
		maps.Copy(all, known)
		known = all
	}
	o.Known = known
	return nil
}
