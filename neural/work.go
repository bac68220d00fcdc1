package neural

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/storage"
)

// Train takes over what other machines have trained, and trains each net for which
// there are enough vectors, unless another machine does. The goroutine of the family
// calls it; a host calls it where Options.Watch is negative.
func (n *Nets) Train(ctx context.Context) error {
	var errs []error
	for _, r := range n.rules {
		errs = append(errs, wrap(r, n.work(ctx, r)))
	}
	return errors.Join(errs...)
}

func (n *Nets) work(ctx context.Context, r *trained) error {
	if err := n.refresh(ctx, r); err != nil {
		return err
	}
	ready, err := n.ready(ctx, r)
	if err != nil || !ready {
		return err
	}
	return n.locked(ctx, r, func(ctx context.Context) error {
		// Another machine may have trained meanwhile.
		if ready, err := n.ready(ctx, r); err != nil || !ready {
			return errors.Join(err, n.refresh(ctx, r))
		}
		return n.retrain(ctx, r)
	})
}

func snapshotOf(r *trained) string { return "neural:" + r.Name }

// refresh takes over the net in the store if it is another one.
func (n *Nets) refresh(ctx context.Context, r *trained) error {
	st, err := storage.StatSnapshot(ctx, n.o.Store, snapshotOf(r))
	if errors.Is(err, storage.ErrNotFound) {
		r.net.Store(nil)
		return nil
	}
	if now := r.net.Load(); err != nil || now != nil && now.version == st.Version && now.since.Equal(st.Time) {
		return err
	}
	s, err := storage.ReadSnapshot(ctx, n.o.Store, snapshotOf(r))
	if err != nil {
		return err
	}
	net, err := parseNet(s.Data)
	if err != nil {
		return err
	}
	if distance(n.o.Symbols, net.Profile) > MaxDistance {
		r.net.Store(nil)
		return nil
	}
	r.net.Store(&inForce{net, s.Version, s.Time})
	return nil
}

// ready removes vectors that are too old and reports whether there are enough.
func (n *Nets) ready(ctx context.Context, r *trained) (bool, error) {
	for _, class := range []bayes.Class{bayes.Spam, bayes.Ham} {
		_, err := n.o.Store.TrimLog(ctx, r.logOf(class), storage.Trim{Before: n.o.Clock().Add(-r.Expire)})
		if err != nil {
			return false, err
		}
		if have, err := n.count(ctx, r, class); err != nil || have < r.MaxTrains {
			return false, err
		}
	}
	return true, nil
}

// locked runs do while no other machine does, for as long as the lock lasts.
func (n *Nets) locked(ctx context.Context, r *trained, do func(context.Context) error) error {
	key := "neural:" + r.Name + ":lock"
	mine := fmt.Appendf(nil, "%s %x", n.o.Host, time.Now().UnixNano())
	was, err := n.o.Store.Add(ctx, key, mine, lockTime)
	if err != nil || was != nil {
		return err
	}
	inTime, cancel := context.WithTimeout(ctx, lockTime)
	defer cancel()
	err = do(inTime)
	_, unlockErr := n.o.Store.CompareAndSwap(context.WithoutCancel(ctx), key, mine, nil, 0)
	return errors.Join(err, unlockErr)
}

// retrain makes a net of the vectors, puts it in the store and in force, and removes
// the vectors. A net that is unfit goes with its vectors too: more of the same would
// not make another one.
func (n *Nets) retrain(ctx context.Context, r *trained) error {
	var all []labelled
	next := map[bayes.Class]uint64{}
	for class, target := range map[bayes.Class]float64{bayes.Ham: -1, bayes.Spam: 1} {
		list, end, err := n.vectors(ctx, r, class, target)
		if err != nil {
			return err
		}
		if next[class] = end; target > 0 {
			all = append(all, list...)
		} else {
			all = append(list, all...)
		}
	}
	var from *net
	if now := r.net.Load(); now != nil && now.Usages+1 < r.MaxUsages && !n.expired(r, now) {
		from = now.net
	}
	net, err := r.fit(ctx, from, all, n.o.Symbols)
	if err != nil && !errors.Is(err, ErrUnfit) {
		return err
	}
	if err == nil {
		data, err := net.marshal()
		if err != nil {
			return err
		}
		_, err = storage.ReplaceSnapshot(ctx, n.o.Store, snapshotOf(r), storage.Snapshot{Data: data, Time: n.o.Clock()})
		if err != nil {
			return err
		}
	}
	for class, end := range next {
		st, err := n.o.Store.LogState(ctx, r.logOf(class))
		if err != nil {
			return err
		}
		if end >= st.Next { // none came meanwhile
			_, err = n.o.Store.TrimLog(ctx, r.logOf(class), storage.Trim{Before: farFuture()})
		} else {
			_, err = n.o.Store.TrimLog(ctx, r.logOf(class), storage.Trim{Keep: int(st.Next - end)})
		}
		if err != nil {
			return err
		}
	}
	return errors.Join(err, n.refresh(ctx, r))
}

// vectors returns those of a class, and the number behind the last one.
func (n *Nets) vectors(ctx context.Context, r *trained, class bayes.Class, target float64) (list []labelled, end uint64, err error) {
	st, err := n.o.Store.LogState(ctx, r.logOf(class))
	if err != nil {
		return nil, 0, err
	}
	for end = st.First; end < st.Next; {
		entries, err := n.o.Store.ReadLog(ctx, r.logOf(class), end, 256)
		if err != nil {
			return nil, 0, err
		}
		if len(entries) == 0 {
			break
		}
		for _, e := range entries {
			if v, ok := parseVector(e.Data); ok {
				list = append(list, labelled{v, target})
			}
		}
		end = entries[len(entries)-1].Seq + 1
	}
	return list, end, nil
}

// farFuture is later than any vector.
func farFuture() time.Time { return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) }
