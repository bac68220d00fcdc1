package winnow

import (
	"errors"
	"fmt"
	"math"

	"github.com/winnowmail/winnow/actions"
)

// records are the settings for a transcript.
func (w *wanted) records() []layerRecord {
	list := []layerRecord{} // not nil, which would mean other settings
	for _, g := range w.sets {
		if g.set == nil {
			list = append(list, layerRecord{Rcpt: g.rcpt, Error: g.err.Error()})
			continue
		}
		list = append(list, recordOf(g.rcpt, &g.set.Layer, g.set.PassAll))
		for i := range g.set.Over {
			list = append(list, recordOf(g.rcpt, &g.set.Over[i], false))
		}
	}
	return list
}

func recordOf(rcpt string, l *Layer, passAll bool) layerRecord {
	r := layerRecord{
		Rcpt: rcpt, Weights: l.Weights, Symbols: l.Symbols, Groups: l.Groups, Composites: l.Composites,
		Disable: l.Disable, Enable: l.Enable, PassAll: passAll,
	}
	for a, v := range l.Thresholds {
		if r.Thresholds == nil {
			r.Thresholds = map[actions.Action]*float64{}
		}
		if r.Thresholds[a] = nil; !math.IsNaN(v) {
			r.Thresholds[a] = &v
		}
	}
	return r
}

// settings is the Settings that a record was made of.
func (r *layerRecord) settings() *Settings {
	set := &Settings{PassAll: r.PassAll, Layer: Layer{
		Weights: r.Weights, Symbols: r.Symbols, Groups: r.Groups, Composites: r.Composites,
		Disable: r.Disable, Enable: r.Enable,
	}}
	for a, v := range r.Thresholds {
		if set.Thresholds == nil {
			set.Thresholds = actions.Thresholds{}
		}
		if set.Thresholds[a] = math.NaN(); v != nil {
			set.Thresholds[a] = *v
		}
	}
	return set
}

// recalled makes of a transcript what wanted made of the message. Under another
// configuration settings may name what this Scanner does not know: then they
// don't hold.
func (s *Scanner) recalled(m *Message, re *rerun) (*wanted, error) {
	w, err := s.users(&m.Envelope)
	if err != nil {
		return nil, err
	}
	for i := range re.t.Settings {
		r := &re.t.Settings[i]
		g := givenSettings{rcpt: r.Rcpt, asked: re.other}
		if r.Error != "" {
			g.err = errors.New(r.Error)
		} else {
			g.set = r.settings()
		}
		if err := w.add(s, g); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrReplay, err)
		}
	}
	return w, nil
}
