package naive

import (
	"math"
	"strconv"

	"github.com/jbrukh/bayesian"
)

// precision is how many parts of a share the kernel's whole numbers tell apart.
const precision = 1e8

// filler makes the totals of all classes the same. No token is named so.
const filler = ""

// shares returns the probability of each class, and the logarithm of how much
// likelier the first is than the second, by the counts of tokens, counts[c]
// being those of class c, in which lessons[c] messages were learned.
//
// The kernel is built anew for each message, of the message's tokens alone, since
// it keeps its own counts in memory and can't unlearn. What misleads it is evened
// out: it takes the number of words learned for how frequent a class is, and
// smooths by how many different words a class has, so that each word that it never
// saw speaks for the smaller class. So it is given shares of mails in place of
// counts, only tokens that some class knows, each in every class, and the same
// total everywhere. A share is smoothed by one lesson that is like all lessons.
func shares(counts [][]int64, lessons []int64) (p []float64, margin float64, used int) {
	classes := make([]bayesian.Class, len(counts))
	for i := range classes {
		classes[i] = bayesian.Class(strconv.Itoa(i))
	}
	kernel := bayesian.NewClassifier(classes...)
	var all int64
	for _, n := range lessons {
		all += n
	}
	totals := make([]int, len(counts))
	var words []string
	for k := range counts[0] {
		var seen int64
		for c := range counts {
			seen += counts[c][k]
		}
		if seen == 0 {
			continue
		}
		// What each class is taken to have before its first lesson.
		usual := math.Min(1, float64(seen)/float64(max(all, 1)))
		word := strconv.Itoa(k)
		words = append(words, word)
		for c := range counts {
			share := (float64(counts[c][k]) + usual) / (float64(lessons[c]) + 1)
			n := int(math.Round(share * precision))
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
	margin = math.Inf(1)
	for i, l := range logs {
		if i != best {
			margin = math.Min(margin, logs[best]-l)
		}
	}
	return softmax(logs, logs[best]), margin, len(words)
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
