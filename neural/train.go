package neural

import (
	"context"
	"maps"
	"math"
	"slices"
)

// A labelled vector is one to learn: target is 1 for spam and -1 for ham.
type labelled struct {
	Vector
	target float64
}

// How a net is trained.
const (
	epsilon  = 1e-4 // of AdaGrad
	aside    = 10   // each tenth vector is kept aside
	patience = 6    // times through the vectors without the rest getting better
)

// fit trains a net on vectors, beginning with from if that is not nil. Of all times
// through them the one counts after which the vectors kept aside are told apart best.
func (r *Rule) fit(ctx context.Context, from *net, vectors []labelled, profile []string) (*net, error) {
	h := head{Columns: columnsOf(vectors), Profile: profile}
	if from != nil && from.Hidden >= len(h.Columns)+numbers && from.Hidden <= 3*(len(h.Columns)+numbers) {
		h.Hidden = from.Hidden
	} else {
		from = nil // the symbols have become too many or too few for its units
	}
	n := newNet(h)
	n.randomize(r.Seed)
	if from != nil {
		n.inherit(from)
	}
	t := &trainer{net: n, rate: r.Rate, units: make([]float32, n.Hidden), grad: make([]float32, n.Hidden)}
	t.sums[0], t.sums[1], t.sums[2] = make([]float32, len(n.in)), make([]float32, len(n.bias)), make([]float32, len(n.out))
	learn, check := n.split(vectors, r.Seed)
	best, loss, since := n.copyWeights(), math.Inf(1), 0
	for round := range r.Iterations {
		for i, k := range shuffled(len(learn), r.Seed+uint64(round)+1) {
			if i%64 == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			t.step(learn[k])
		}
		now, right := t.judge(check)
		if since++; now < loss {
			best, loss, since = n.copyWeights(), now, 0
			n.Accuracy = right
		}
		if since >= patience {
			break
		}
	}
	n.in, n.bias, n.out = best[0], best[1], best[2]
	if n.Accuracy < 0.6 {
		return nil, ErrUnfit
	}
	return n, nil
}

// split counts the vectors and divides them into those to learn and those to judge the
// net by.
func (n *net) split(vectors []labelled, seed uint64) (learn, check []example) {
	for i, k := range shuffled(len(vectors), seed) {
		v := &vectors[k]
		e := example{n.input(&v.Vector), v.target}
		if v.target > 0 {
			n.Spam++
		} else {
			n.Ham++
		}
		if i%aside == aside-1 {
			check = append(check, e)
		} else {
			learn = append(learn, e)
		}
	}
	return learn, check
}

// columnsOf are the symbols of vectors, sorted; the commonest if there are too many.
func columnsOf(vectors []labelled) []string {
	count := map[string]int{}
	for i := range vectors {
		for _, s := range vectors[i].Symbols {
			count[s]++
		}
	}
	names := slices.Sorted(maps.Keys(count))
	const most = 1024
	if len(names) > most {
		slices.SortStableFunc(names, func(a, b string) int { return count[b] - count[a] })
		names = names[:most]
		slices.Sort(names)
	}
	return names
}

// inherit takes the weights of a net that has the same number of units, by symbol.
func (n *net) inherit(from *net) {
	copy(n.bias, from.bias)
	copy(n.out, from.out)
	for i, name := range n.Columns {
		if k, ok := from.index[name]; ok {
			copy(n.in[i*n.Hidden:(i+1)*n.Hidden], from.in[k*n.Hidden:])
		}
	}
	copy(n.in[len(n.Columns)*n.Hidden:], from.in[len(from.Columns)*n.Hidden:])
	n.Usages = from.Usages + 1
}

func (n *net) copyWeights() [3][]float32 {
	return [3][]float32{slices.Clone(n.in), slices.Clone(n.bias), slices.Clone(n.out)}
}

// shuffled is an order of so many things that depends on the seed alone.
func shuffled(n int, seed uint64) []int {
	order := make([]int, n)
	s := mix(seed)
	for i := range order {
		s = mix(s)
		k := int(s % uint64(i+1))
		order[i] = order[k]
		order[k] = i
	}
	return order
}

type example struct {
	x      sparse
	target float64
}

// A trainer changes a net by AdaGrad: each weight has a rate of its own, and only
// those of inputs that are there move.
type trainer struct {
	*net
	rate  float64
	units []float32    // the hidden layer
	grad  []float32    // the gradient there
	sums  [3][]float32 // of squared gradients, of in, bias and out
}

// move takes one weight down a gradient.
func (t *trainer) move(w, sum *float32, g float32) {
	*sum += float32(g * g)
	*w -= float32(float32(t.rate) * float32(g/float32(math.Sqrt(float64(*sum)+epsilon))))
}

// step learns one example: the error is the cross entropy of the output.
func (t *trainer) step(e example) {
	d := float32(t.forward(e.x, t.units) - e.target)
	for j, u := range t.units {
		t.grad[j] = 0
		if u > 0 {
			t.grad[j] = float32(d * t.out[j])
			t.move(&t.out[j], &t.sums[2][j], float32(d*u))
			t.move(&t.bias[j], &t.sums[1][j], t.grad[j])
		}
	}
	t.move(&t.out[t.Hidden], &t.sums[2][t.Hidden], d)
	for k, i := range e.x.at {
		value := e.x.value[k]
		w, sums := t.in[i*t.Hidden:(i+1)*t.Hidden], t.sums[0][i*t.Hidden:(i+1)*t.Hidden]
		for j, g := range t.grad {
			if g != 0 {
				t.move(&w[j], &sums[j], float32(g*value))
			}
		}
	}
}

// judge returns the mean squared error over examples, and which share is on its side.
func (t *trainer) judge(list []example) (loss, right float64) {
	for _, e := range list {
		out := t.forward(e.x, t.units)
		loss += float64((out - e.target) * (out - e.target))
		if float64(out*e.target) > 0 {
			right++
		}
	}
	n := float64(max(1, len(list)))
	return loss / n, right / n
}
