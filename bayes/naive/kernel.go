package naive

import (
	"math"
	"strconv"

	"github.com/jbrukh/bayesian"
)

// precision is how many parts of one lesson's share the kernel's whole numbers
// tell apart.
const precision = 1000

// filler makes the totals of all classes the same. No token is named so.
const filler = ""

// shares returns the probability of each class by the counts of tokens, counts[c]
// being those of class c, in which lessons[c] messages were learned.
//
// The kernel is built anew for each message, of the message's tokens alone, since
// it keeps its own counts in memory and can't unlearn. What misleads it is evened
// out: it takes the number of words learned for how frequent a class is, and
// smooths by how many different words a class has, so that each word that it never
// saw speaks for the smaller class. So it is given shares of mails in place of
// counts, only tokens that some class knows, each in every class, and the same
// total everywhere.
func shares(counts [][]int64, lessons []int64) (p []float64, used int) {
	classes := make([]bayesian.Class, len(counts))
	for i := range classes {
		classes[i] = bayesian.Class(strconv.Itoa(i))
	}
	kernel := bayesian.NewClassifier(classes...)
	least := math.Inf(1)
	for _, n := range lessons {
		least = math.Min(least, float64(max(n, 1)))
	}
	// One lesson of the smallest class is what is added to every share.
	scale := math.Min(least, 1000) * precision
	totals := make([]int, len(counts))
	var words []string
	for k := range counts[0] {
		known := false
		for c := range counts {
			known = known || counts[c][k] > 0
		}
		if !known {
			continue
		}
		word := strconv.Itoa(k)
		words = append(words, word)
		for c := range counts {
			share := math.Min(1, float64(counts[c][k])/float64(max(lessons[c], 1)))
			n := int(math.Round(share*scale)) + precision - 1
			kernel.Observe(word, n, classes[c])
			totals[c] += n
		}
	}
	most := 0
	for _, n := range totals {
		most = max(most, n)
	}
	for c, n := range totals {
		kernel.Observe(filler, most-n, classes[c])
	}
	logs, best, _ := kernel.LogScores(words)
	return softmax(logs, logs[best]), len(words)
}

// softmax turns logarithms, of which top is the largest, into probabilities.
func softmax(logs []float64, top float64) []float64 {
	p, sum := make([]float64, len(logs)), 0.0
	for i, l := range logs {
		p[i] = math.Exp(l - top)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}
