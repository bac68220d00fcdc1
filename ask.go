package winnow

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
)

// wanted collects the settings of a message and its recipients. An address that
// comes twice is one recipient, whatever the form of its domain.
func (s *Scanner) wanted(ctx context.Context, m *Message, msg *mail.Message, begun time.Time) (*wanted, error) {
	w, err := s.users(&m.Envelope)
	if err != nil {
		return nil, err
	}
	if s.opt.Settings != nil && s.opt.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, begun.Add(s.opt.Timeout/2))
		defer cancel()
	}
	if err := w.add(s, s.given(ctx, m, msg, "")); err != nil {
		return nil, err
	}
	if s.opt.Settings == nil && len(m.RcptSettings) == 0 {
		return w, nil
	}
	seen := map[string]bool{"": true}
	for _, rcpt := range m.Envelope.Rcpts {
		normal := mail.AddressKey(rcpt)
		if seen[normal] {
			continue
		}
		seen[normal] = true
		if err := w.add(s, s.given(ctx, m, msg, rcpt)); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// given returns the settings for a recipient or the message: the Message's own
// go before those of Options.Settings.
func (s *Scanner) given(ctx context.Context, m *Message, msg *mail.Message, rcpt string) givenSettings {
	g := givenSettings{rcpt: rcpt}
	if rcpt == "" {
		g.set = m.Settings
	} else {
		g.set = rcptSettings(m.RcptSettings, rcpt)
	}
	if g.set != nil || s.opt.Settings == nil {
		return g
	}
	g.asked = true
	r := SettingsRequest{Envelope: &m.Envelope, Rcpt: mail.AddressKey(rcpt), Message: msg, Scanner: s, Local: s.local(m.Envelope.ClientIP)}
	if known, ok := m.answers[r.Rcpt]; ok {
		g.set = known
		return g
	}
	if m.step {
		r.Message = nil
	}
	g.set, g.err = s.ask(ctx, r)
	if m.answers != nil && g.err == nil && (g.set != nil || !m.step) {
		m.answers[r.Rcpt] = g.set
	}
	return g
}

// ask calls Options.Settings and contains its panics.
func (s *Scanner) ask(ctx context.Context, r SettingsRequest) (set *Settings, err error) {
	err = checks.Contain("settings", func() (err error) {
		set, err = s.opt.Settings(ctx, r)
		return err
	})
	return set, err
}

// rcptSettings finds a recipient's settings; the domain's form does not count.
func rcptSettings(all map[string]*Settings, rcpt string) *Settings {
	if len(all) == 0 {
		return nil
	}
	if set, ok := all[rcpt]; ok {
		return set
	}
	normal := mail.AddressKey(rcpt)
	if set, ok := all[normal]; ok {
		return set
	}
	for _, addr := range slices.Sorted(maps.Keys(all)) {
		if mail.AddressKey(addr) == normal {
			return all[addr]
		}
	}
	return nil
}
