package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/bayes/fused"
)

// options are the flags of eval.
type options struct {
	corpus, index, only string
	model               string
	json                bool
	bits                int
	regime              regime
	noSymbols           bool
	prior               string
	known               *fused.Prior // what prior names
	worst               int
}

// A regime says which messages are learned, when and under which label.
type regime struct {
	noise  float64 // share of wrong labels
	delay  int     // messages between a verdict and its label
	report string  // all, errors, unsure
	share  float64 // share of messages that are labelled at all
	sure   bool    // labels are corrections by a person
}

func (r *regime) String() string {
	w := []string{r.report}
	if r.noise > 0 {
		w = append(w, fmt.Sprintf("noise=%g", r.noise))
	}
	if r.delay > 0 {
		w = append(w, fmt.Sprintf("delay=%d", r.delay))
	}
	if r.share < 1 {
		w = append(w, fmt.Sprintf("share=%g", r.share))
	}
	if !r.sure {
		w = append(w, "implicit")
	}
	return strings.Join(w, ",")
}

func eval(args []string, stdout, stderr io.Writer) int {
	var o options
	fs := flag.NewFlagSet("lab eval", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.corpus, "corpus", "", "`DIR` that the paths of the index start from")
	fs.StringVar(&o.index, "index", "", "`FILE` of labels, corpora and paths (default DIR/index.tsv)")
	fs.StringVar(&o.only, "only", "", "comma-separated `NAMES` of corpora to read (default all that have ham and spam)")
	fs.StringVar(&o.model, "model", "fused", "fused, osb (Rspamd 4.1.6's formula), osb34 (that of 3.4), or naive")
	fs.BoolVar(&o.json, "json", false, "print a JSON array")
	fs.IntVar(&o.bits, "bits", fused.DefaultBits, "binary logarithm of the table size")
	fs.Float64Var(&o.regime.noise, "noise", 0, "share of wrong labels")
	fs.IntVar(&o.regime.delay, "delay", 0, "messages between a verdict and its label")
	fs.StringVar(&o.regime.report, "report", "all", "which messages are labelled: all, errors, or unsure (errors, and |log-odds| < 2)")
	fs.Float64Var(&o.regime.share, "share", 1, "share of these that are labelled")
	source := fs.String("source", "", "explicit (corrections by people) or implicit labels (default explicit, with -noise implicit)")
	fs.BoolVar(&o.noSymbols, "no-symbols", false, "learn without the symbols of a scan")
	fs.StringVar(&o.prior, "prior", "none", "what is known before the first lesson: none, builtin or a `FILE`")
	fs.IntVar(&o.worst, "worst", 0, "print the `N` worst errors of each class")
	if err := fs.Parse(args); err != nil {
		return 2
	}
	o.regime.sure = *source == "explicit" || *source == "" && o.regime.noise == 0
	if o.corpus == "" || fs.NArg() > 0 || !slices.Contains([]string{"all", "errors", "unsure"}, o.regime.report) ||
		!slices.Contains([]string{"", "explicit", "implicit"}, *source) {
		fs.Usage()
		return 2
	}
	if !slices.Contains(models(), o.model) {
		fmt.Fprintf(stderr, "lab: -model %q: one of %s\n", o.model, strings.Join(models(), ", "))
		return 2
	}
	if o.index == "" {
		o.index = o.corpus + "/index.tsv"
	}
	var rows []row
	known, err := readPrior(o.prior)
	if err == nil {
		o.known = known
		rows, err = o.run(stderr)
	}
	if err != nil {
		fmt.Fprintln(stderr, "lab:", err)
		return 1
	}
	if o.json {
		e := json.NewEncoder(stdout)
		e.SetIndent("", " ")
		e.Encode(rows)
		return 0
	}
	table(stdout, rows)
	return 0
}

// A row is one stream's figures.
type row struct {
	Corpus string `json:"corpus"`
	Order  string `json:"order"` // date or shuffle; of the latter figures are means
	Model  string `json:"model"`
	Prior  string `json:"prior"` // none, builtin or a file
	Regime string `json:"regime"`
	figures
	Micros     float64 `json:"us"`          // to extract features and judge, a message
	WriteShare float64 `json:"write_share"` // of messages that change the tables
	TableBytes int     `json:"table_bytes"`
}

// A sample is a message as the model sees it.
type sample struct {
	item
	features any // of the model
}

func (o *options) run(stderr io.Writer) ([]row, error) {
	items, err := readIndex(o.index)
	if err != nil {
		return nil, err
	}
	byCorpus := map[string][]item{}
	var names []string
	for _, it := range items {
		if _, ok := byCorpus[it.corpus]; !ok {
			names = append(names, it.corpus)
		}
		byCorpus[it.corpus] = append(byCorpus[it.corpus], it)
	}
	scanner, err := winnow.New(winnow.Options{})
	if err != nil {
		return nil, err
	}
	defer scanner.Close(context.Background())
	var rows []row
	for _, name := range names {
		list := byCorpus[name]
		if o.only != "" && !slices.Contains(strings.Split(o.only, ","), name) || !both(list) {
			continue
		}
		r, err := o.stream(scanner, name, list, stderr)
		if err != nil {
			return nil, err
		}
		rows = append(rows, r...)
	}
	if rows == nil {
		return nil, fmt.Errorf("%s: no corpus with ham and spam", o.index)
	}
	return rows, nil
}

func both(list []item) bool {
	return slices.ContainsFunc(list, func(i item) bool { return i.spam }) && slices.ContainsFunc(list, func(i item) bool { return !i.spam })
}

// stream reads one corpus in its four orders.
func (o *options) stream(scanner *winnow.Scanner, name string, list []item, stderr io.Writer) ([]row, error) {
	model, err := o.newModel()
	if err != nil {
		return nil, err
	}
	samples, extract, err := o.samples(scanner, model, list)
	if err != nil {
		return nil, err
	}
	var rows []row
	for i, order := range orders(len(samples), func(i int) time.Time { return samples[i].date }) {
		model, err := o.newModel()
		if err != nil {
			return nil, err
		}
		results, writes, judge := o.regime.run(model, samples, order, int64(i))
		r := row{Corpus: name, Order: "shuffle", Model: o.model, Prior: o.prior, Regime: o.regime.String(), figures: measure(results)}
		if i == 0 {
			r.Order = "date"
		}
		r.Micros = float64(extract+judge) / float64(time.Microsecond) / float64(len(list))
		r.WriteShare = float64(writes) / float64(len(list))
		r.TableBytes = model.bytes()
		rows = append(rows, r)
		if o.worst > 0 && i == 0 {
			printWorst(stderr, samples, order, results, o.worst)
		}
	}
	return []row{rows[0], mean(rows[1:])}, nil
}

// samples reads the messages and their features.
func (o *options) samples(scanner *winnow.Scanner, model model, list []item) (all []sample, spent time.Duration, err error) {
	sender := newCondition()
	for _, it := range list {
		raw, err := it.read(o.corpus)
		if err != nil {
			return nil, 0, err
		}
		s := sample{item: it}
		s.date = receivedAt(raw)
		r, err := scanner.Scan(context.Background(), &winnow.Message{Body: winnow.FromBytes(sender.strip(raw))})
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", it.path, err)
		}
		m := r.Message()
		started := time.Now()
		s.features = model.features(m, o.raised(r))
		spent += time.Since(started)
		all = append(all, s)
	}
	return all, spent, nil
}

func (o *options) raised(r *winnow.Result) []string {
	if o.noSymbols {
		return nil
	}
	var list []string
	for _, s := range r.Symbols {
		list = append(list, s.Name)
	}
	slices.Sort(list)
	return list
}

// A pending label waits for its time.
type pending struct {
	due   int
	label label
}

// run judges and learns the samples in order.
func (r *regime) run(model model, samples []sample, order []int, seed int64) (results []scored, writes int, judging time.Duration) {
	draw := rand.New(rand.NewSource(100 + seed))
	var wait []pending
	for n, i := range order {
		for len(wait) > 0 && wait[0].due <= n {
			writes += model.learn(wait[0].label)
			wait = wait[1:]
		}
		s := &samples[i]
		started := time.Now()
		logOdds, p := model.classify(s.features)
		judging += time.Since(started)
		results = append(results, scored{s.spam, logOdds, p})
		wrong := s.spam != (p > .5)
		asked := r.report == "all" || wrong || r.report == "unsure" && logOdds < 2 && logOdds > -2
		if draw.Float64() >= r.share || !asked {
			continue
		}
		l := label{i, s.features, s.spam != (draw.Float64() < r.noise), r.sure}
		if r.delay > 0 {
			wait = append(wait, pending{n + r.delay, l})
		} else {
			writes += model.learn(l)
		}
	}
	return results, writes, judging
}
