package storage

import (
	"context"
	"time"
)

// seriesSize is what a series takes beside its windows, and windowSize what a
// window takes beside its name.
const (
	seriesSize = 80
	windowSize = 40
)

// Observed implements Averages.
func (m *Memory) Observed(ctx context.Context, of []SeriesOf) ([]Series, error) {
	if err := CheckSeries(of); err != nil {
		return nil, err
	}
	if err := m.begin(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	found := make([]Series, len(of))
	for i, x := range of {
		if e := m.series[x.Name]; e != nil {
			m.used.MoveToFront(e.place)
			found[i] = e.state.(*Series).Pick(x.Windows)
		}
	}
	return found, nil
}

// Observe implements Averages.
func (m *Memory) Observe(ctx context.Context, obs []Observation, now time.Time) error {
	if err := CheckObservations(obs); err != nil {
		return err
	}
	if err := m.begin(ctx); err != nil {
		return err
	}
	defer m.mu.Unlock()
	for _, o := range obs {
		var was Series
		e := m.series[o.Series]
		if e != nil {
			was = *e.state.(*Series)
		}
		is := was.Observe(o, now)
		size := cost(o.Series, nil) + seriesSize
		for name := range is.Values {
			size += windowSize + int64(len(name))
		}
		if e != nil {
			m.resize(e, size)
		} else {
			if err := m.fits(size); err != nil {
				return err
			}
			e = &entry{home: m.series, key: o.Series, state: &Series{}, size: size}
			m.enter(e)
		}
		*e.state.(*Series) = is
		m.live(e, o.TTL)
	}
	return nil
}
