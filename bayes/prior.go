package bayes

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/winnowmail/winnow/bayes/fused"
)

// ErrPrior is of a store in which something was learned beside another prior.
var ErrPrior = fused.ErrPrior

// maxPriors bounds how many changes of the prior the store remembers.
const maxPriors = 100

// settlePrior holds the prior against the one that what is in the store belongs
// to, and returns the digests of those before. The store has them all, the latest
// first. As long as nothing was learned every prior will do.
func (l *Learner) settlePrior(ctx context.Context) (earlier [][sha256.Size]byte, err error) {
	now, key := l.opt.Prior.Digest(), l.key("prior")
	was, err := l.opt.Store.Add(ctx, key, now[:], 0)
	if err != nil {
		return nil, fmt.Errorf("bayes: prior: %w", err)
	}
	if was == nil {
		return nil, nil
	}
	if len(was) == 0 || len(was)%sha256.Size != 0 || len(was) > maxPriors*sha256.Size {
		return nil, fmt.Errorf("%w: %s holds %d bytes, not digests of priors", errStored, key, len(was))
	}
	for d := range slices.Chunk(was, sha256.Size) {
		earlier = append(earlier, [sha256.Size]byte(d))
	}
	if earlier[0] == now {
		return earlier[1:], nil
	}
	if err := l.mayChange(ctx, earlier[0]); err != nil {
		return nil, err
	}
	earlier = slices.DeleteFunc(earlier, func(d [sha256.Size]byte) bool { return d == now })
	earlier = earlier[:min(len(earlier), maxPriors-1)]
	swapped, err := l.opt.Store.CompareAndSwap(ctx, key, was, slices.Concat(now[:], flat(earlier)), 0)
	if err != nil {
		return nil, fmt.Errorf("bayes: prior: %w", err)
	}
	if !swapped {
		return nil, fmt.Errorf("bayes: %w: another process changed %s at the same time", ErrPrior, key)
	}
	return earlier, nil
}

// mayChange returns an error if the prior has to stay what it was.
func (l *Learner) mayChange(ctx context.Context, was [sha256.Size]byte) error {
	if l.opt.ChangePrior {
		return nil
	}
	state, err := l.opt.Store.LogState(ctx, l.key("journal"))
	if err != nil {
		return fmt.Errorf("bayes: prior: %w", err)
	}
	if state.Next > 1 {
		return fmt.Errorf("bayes: %w: %s is %x, Options.Prior %x", ErrPrior, l.key("prior"), was, l.opt.Prior.Digest())
	}
	return nil
}

func flat(list [][sha256.Size]byte) (b []byte) {
	for _, d := range list {
		b = append(b, d[:]...)
	}
	return b
}
