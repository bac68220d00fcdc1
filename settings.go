package winnow

import (
	"slices"

	"github.com/winnowmail/winnow/symbols"
)

// wanted is what the settings of a scan ask for: the common ones and those
// of single recipients.
type wanted struct {
	common  Settings
	rcpts   []rcptSettings // recipients with settings of their own
	passAll bool
}

type rcptSettings struct {
	addr     string
	settings Settings
}

// wanted collects the settings of a message: the message's own take
// the place of those of Options.Settings.
func (s *Scanner) wanted(m *Message) *wanted {
	w := &wanted{}
	if s.opt.Settings != nil {
		if set := s.opt.Settings(&m.Envelope, ""); set != nil {
			w.common = *set
		}
	}
	if m.Settings != nil {
		w.common = *m.Settings
	}
	w.passAll = w.common.PassAll
	for _, rcpt := range m.Envelope.Rcpts {
		set, ok := m.RcptSettings[rcpt]
		if !ok && s.opt.Settings != nil {
			set = s.opt.Settings(&m.Envelope, rcpt)
		}
		if set != nil {
			w.rcpts = append(w.rcpts, rcptSettings{rcpt, *set})
			w.passAll = w.passAll || set.PassAll
		}
	}
	return w
}

// skips says which checks no one's settings want: those all of whose symbols
// are off for everybody, unless others need their facts.
func (w *wanted) skips(s *Scanner) []bool {
	skip := make([]bool, len(s.plan.Checks()))
	for i, c := range s.plan.Checks() {
		skip[i] = len(c.Symbols) > 0 && len(c.Provides) == 0 && !c.Always &&
			!slices.ContainsFunc(c.Symbols, func(d *symbols.Def) bool { return w.allows(s, d) })
	}
	return skip
}

func (w *wanted) allows(s *Scanner, d *symbols.Def) bool {
	if !s.metric.Enabled(d) {
		return false
	}
	return w.common.Allows(d) || slices.ContainsFunc(w.rcpts, func(r rcptSettings) bool { return r.settings.Allows(d) })
}
