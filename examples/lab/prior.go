package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/bayes/fused"
	builtin "github.com/winnowmail/winnow/bayes/prior"
	"github.com/winnowmail/winnow/mail"
)

// trainer says how a prior is made.
type trainer struct {
	corpus, index, only, out string
	rate, epsilon            float64
	epochs                   int
	seen                     int // messages that a place has to occur in
	weights                  int // of each view
}

// prior makes a prior of the messages of some corpora. It depends on nothing but
// their bytes and labels: neither their names nor their order matter.
func prior(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o := trainer{rate: .3, epsilon: .1, epochs: 3}
	fs := flag.NewFlagSet("lab prior", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.corpus, "corpus", "", "`DIR` that the paths of the index start from")
	fs.StringVar(&o.index, "index", "", "`FILE` of labels, corpora and paths (default DIR/index.tsv)")
	fs.StringVar(&o.only, "only", "", "comma-separated `NAMES` of corpora to read (default all)")
	fs.StringVar(&o.out, "o", "", "`FILE` to write")
	fs.IntVar(&o.seen, "seen", 4, "messages that a feature has to occur in")
	fs.IntVar(&o.weights, "weights", 16000, "weights of each view that are kept, the largest ones")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if o.corpus == "" || o.out == "" || fs.NArg() > 0 {
		fs.Usage()
		return 2
	}
	if o.index == "" {
		o.index = o.corpus + "/index.tsv"
	}
	if err := o.run(ctx, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "lab:", err)
		return 1
	}
	return 0
}

// A lesson is a message as it trains a prior.
type lesson struct {
	spam          bool
	tokens, grams []uint32 // places
	digest        [sha256.Size]byte
}

func (o *trainer) run(ctx context.Context, stdout, stderr io.Writer) error {
	list, err := o.read(ctx, stderr)
	if err != nil {
		return err
	}
	tokens := o.train(list, func(l *lesson) []uint32 { return l.tokens })
	grams := o.train(list, func(l *lesson) []uint32 { return l.grams })
	p, err := fused.NewPrior(tokens, grams, o.weights)
	if err != nil {
		return err
	}
	b, err := p.MarshalBinary()
	if err != nil {
		return err
	}
	if err := os.WriteFile(o.out, b, 0o666); err != nil {
		return err
	}
	all := sha256.New()
	spam := 0
	for _, l := range list {
		all.Write(l.digest[:])
		if l.spam {
			spam++
		}
	}
	fmt.Fprintf(stdout, "%d ham and %d spam, SHA-256 %x\n%s: %d bytes, digest %x\n", len(list)-spam, spam, all.Sum(nil), o.out, len(b), p.Digest())
	return nil
}

// read returns the messages in the order of their digests, those that are there
// twice once.
func (o *trainer) read(ctx context.Context, stderr io.Writer) ([]lesson, error) {
	items, err := readIndex(o.index, stderr)
	if err != nil {
		return nil, err
	}
	sender := newCondition()
	var list []lesson
	for _, it := range items {
		if o.only != "" && !slices.Contains(strings.Split(o.only, ","), it.corpus) {
			continue
		}
		raw, err := it.read(o.corpus)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", o.index, it.line, err)
		}
		l := lesson{spam: it.spam, digest: sha256.Sum256(raw)}
		l.tokens, l.grams = fused.Places(mail.Parse(sender.strip(raw), mail.Envelope{}, mail.Limits{}))
		list = append(list, l)
	}
	slices.SortFunc(list, func(a, b lesson) int {
		return cmp.Or(bytes.Compare(a.digest[:], b.digest[:]), cmp.Compare(class(a.spam), class(b.spam)))
	})
	list = slices.CompactFunc(list, func(a, b lesson) bool { return a.digest == b.digest && a.spam == b.spam })
	if !slices.ContainsFunc(list, func(l lesson) bool { return l.spam }) || !slices.ContainsFunc(list, func(l lesson) bool { return !l.spam }) {
		return nil, fmt.Errorf("%s: a prior needs ham and spam", o.index)
	}
	return list, nil
}

// train returns the weights of a logistic regression over one view of the
// messages: AdaGrad, in a new order each epoch, with a loss in which both classes
// count alike.
//
// Sums and products are rounded one by one and gradients to float32, so that the
// machine makes no difference.
func (o *trainer) train(list []lesson, view func(*lesson) []uint32) []float64 {
	seen := make([]int, fused.PriorPlaces)
	var n [2]float64
	for i := range list {
		n[class(list[i].spam)]++
		for _, at := range view(&list[i]) {
			seen[at]++
		}
	}
	w, sum := make([]float64, fused.PriorPlaces), make([]float64, fused.PriorPlaces)
	rnd := rand.New(rand.NewPCG(1, 1))
	for range o.epochs {
		for _, i := range rnd.Perm(len(list)) {
			places, target := view(&list[i]), class(list[i].spam)
			x := 1 / math.Sqrt(float64(len(places)+1))
			total := 0.0
			for _, at := range places {
				total += w[at]
			}
			miss := float64(target) - 1/(1+math.Exp(-x*total))
			weight := float64(len(list)) / 2 / n[target]
			g := float64(float32(float64(weight*miss) * x))
			square, epsilon := float64(g*g), float64(o.epsilon*float64(x*x))
			for _, at := range places {
				if seen[at] < o.seen {
					continue
				}
				sum[at] += square
				w[at] += float64(o.rate*g) / math.Sqrt(sum[at]+epsilon)
			}
		}
	}
	return w
}

// class is 1 for spam.
func class(spam bool) int {
	if spam {
		return 1
	}
	return 0
}

// readPrior returns the prior that a flag names.
func readPrior(name string) (*fused.Prior, error) {
	switch name {
	case "none":
		return nil, nil
	case "builtin":
		return builtin.Builtin(), nil
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("prior: %w", err)
	}
	p, err := fused.ParsePrior(b)
	if err != nil {
		return nil, fmt.Errorf("prior %s: %w", name, err)
	}
	return p, nil
}
