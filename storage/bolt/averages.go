package bolt

import (
	"context"
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/winnowmail/winnow/storage"
)

// Observed implements storage.Averages.
func (s *Store) Observed(ctx context.Context, of []storage.SeriesOf) ([]storage.Series, error) {
	if err := storage.CheckSeries(of); err != nil {
		return nil, err
	}
	of = slices.Clone(of)
	return read(ctx, s, func(v view) ([]storage.Series, error) { return v.averages(of) })
}

func (v view) averages(of []storage.SeriesOf) ([]storage.Series, error) {
	found := make([]storage.Series, len(of))
	in := v.Bucket([]byte(inSeries))
	for i, x := range of {
		series, _, err := seriesOf(in, x.Name, v.now)
		if err != nil {
			return nil, err
		}
		if series.Count > 0 {
			found[i] = series.Pick(x.Windows)
		}
	}
	return found, nil
}

// Observe implements storage.Averages.
func (s *Store) Observe(ctx context.Context, obs []storage.Observation, now time.Time) error {
	if err := storage.CheckObservations(obs); err != nil {
		return err
	}
	obs = slices.Clone(obs)
	_, err := write(ctx, s, 256*len(obs), func(t *tx) (bool, error) { return true, t.observe(obs, now) })
	return err
}

func (t *tx) observe(obs []storage.Observation, now time.Time) error {
	in, err := t.CreateBucketIfNotExists([]byte(inSeries))
	if err != nil {
		return err
	}
	for _, o := range obs {
		was, st, err := seriesOf(in, o.Series, t.now)
		if err != nil {
			return err
		}
		if st, err = t.schedule(kindSeries, []byte(o.Series), st, until(t.now, o.TTL)); err != nil {
			return err
		}
		if err := t.put(in, []byte(o.Series), appendSeries(appendStamp(nil, st), was.Observe(o, now))); err != nil {
			return err
		}
	}
	return nil
}

// seriesOf returns the series of that name, the zero one if it is not there, and
// its stamp, also if its time is over.
func seriesOf(in *bbolt.Bucket, name string, now time.Time) (storage.Series, stamp, error) {
	if in == nil {
		return storage.Series{}, stamp{}, nil
	}
	raw := in.Get([]byte(name))
	if raw == nil {
		return storage.Series{}, stamp{}, nil
	}
	series, st, err := parseSeries(raw)
	if st.over(now) {
		series = storage.Series{}
	}
	return series, st, err
}

func appendSeries(b []byte, s storage.Series) []byte {
	b = binary.AppendUvarint(b, uint64(s.Count))
	b = binary.BigEndian.AppendUint64(b, uint64(s.Time.UnixMilli()))
	for _, name := range slices.Sorted(maps.Keys(s.Values)) {
		b = binary.BigEndian.AppendUint64(appendText(b, []byte(name)), math.Float64bits(s.Values[name]))
	}
	return b
}

func parseSeries(raw []byte) (storage.Series, stamp, error) {
	f := fields{rest: raw}
	st := f.stamp()
	s := storage.Series{Count: int64(f.varint()), Time: time.UnixMilli(int64(f.fixed())), Values: map[string]float64{}}
	f.bad = f.bad || s.Count < 1
	for len(f.rest) > 0 {
		name := string(f.text())
		v := f.float()
		f.bad = f.bad || math.IsNaN(v) || math.IsInf(v, 0)
		s.Values[name] = v
	}
	return s, st, f.end("a series of averages")
}
