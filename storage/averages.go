package storage

import (
	"context"
	"fmt"
	"maps"
	"math"
	"time"
)

// Averages are moving averages of what was observed, by series: what reputations
// are made of.
type Averages interface {
	// Observed returns, in one trip, what is known of each series in the order
	// asked for, with the averages of the windows that are named; one with a Count
	// of 0 is not known.
	Observed(ctx context.Context, of []SeriesOf) ([]Series, error)
	// Observe adds the observations, in as few transactions as the store can; each
	// of them in one atomic step, which Series.Observe is the arithmetic of. One
	// that fails its Check is an error, and none is done. After another error some
	// may be done. A store that loses the answer may count an observation again;
	// that does not change the averages.
	Observe(ctx context.Context, obs []Observation, now time.Time) error
}

// MaxWindows is how many windows an Observation or a SeriesOf has at most, and
// MaxWindowName the longest name of one in bytes.
const (
	MaxWindows    = 16
	MaxWindowName = 64
)

// A Window is a time over which a series averages.
type Window struct {
	Name string
	// Span is the time after which an old average counts for 1/e; at least a
	// millisecond.
	Span time.Duration
}

// An Observation is a number that Observe adds to a series.
type Observation struct {
	Series string
	Value  float64 // finite
	// Windows are those whose averages change, each once; others stay as they are.
	Windows []Window
	// TTL is how long the series is kept from now on; 0 means for ever.
	TTL time.Duration
}

// Check returns ErrBadKey, ErrNotNumber or another error for what no store takes.
func (o Observation) Check() error {
	if math.IsNaN(o.Value) || math.IsInf(o.Value, 0) {
		return ErrNotNumber
	}
	if o.TTL < 0 {
		return fmt.Errorf("storage: observation: a ttl of %v is below 0", o.TTL)
	}
	names := make([]string, len(o.Windows))
	for i, w := range o.Windows {
		if names[i] = w.Name; w.Span < time.Millisecond {
			return fmt.Errorf("storage: observation: a window of %v is shorter than a millisecond", w.Span)
		}
	}
	return SeriesOf{o.Series, names}.Check()
}

// CheckObservations returns the error of the first observation that has one.
func CheckObservations(obs []Observation) error {
	for _, o := range obs {
		if err := o.Check(); err != nil {
			return err
		}
	}
	return nil
}

// A SeriesOf asks for a series and some of its windows.
type SeriesOf struct {
	Name    string
	Windows []string
}

// Check returns ErrBadKey or another error for what no store takes.
func (of SeriesOf) Check() error {
	if len(of.Windows) == 0 || len(of.Windows) > MaxWindows {
		return fmt.Errorf("storage: series: %d windows are not 1 to %d", len(of.Windows), MaxWindows)
	}
	for i, name := range of.Windows {
		if name == "" || len(name) > MaxWindowName {
			return ErrBadKey
		}
		for _, other := range of.Windows[:i] {
			if name == other {
				return fmt.Errorf("storage: series: window %q is named twice", name)
			}
		}
	}
	return CheckKey(of.Name)
}

// CheckSeries returns the error of the first question that has one.
func CheckSeries(of []SeriesOf) error {
	for _, x := range of {
		if err := x.Check(); err != nil {
			return err
		}
	}
	return nil
}

// A Series is the state of a series.
type Series struct {
	Count int64     // how often something was observed
	Time  time.Time // when it last was, in milliseconds; zero: never
	// Values are the averages by the names of the windows, without those that
	// nothing was observed in. They are finite.
	Values map[string]float64
}

// Observe returns the series with an observation: an average moves towards the
// value by 1 - exp(-t/Span), t being the time since the last observation, at least
// 0; the first is the value itself. It is the formula of Rspamd 4.1.6's reputations.
func (s Series) Observe(o Observation, now time.Time) Series {
	now = time.UnixMilli(now.UnixMilli())
	passed := max(0, now.Sub(s.Time))
	values := maps.Clone(s.Values)
	if values == nil || s.Time.IsZero() {
		values = map[string]float64{}
	}
	for _, w := range o.Windows {
		value := o.Value
		if was, ok := values[w.Name]; ok {
			alpha := 1 - math.Exp(-float64(passed)/float64(w.Span))
			value = alpha*o.Value + (1-alpha)*was
		}
		values[w.Name] = value
	}
	return Series{Count: s.Count + 1, Time: now, Values: values}
}

// Pick returns the series with the averages of some windows only.
func (s Series) Pick(windows []string) Series {
	values := make(map[string]float64, len(windows))
	for _, name := range windows {
		if v, ok := s.Values[name]; ok {
			values[name] = v
		}
	}
	s.Values = values
	return s
}
