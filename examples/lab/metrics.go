package main

import (
	"cmp"
	"math"
	"slices"
)

// warmUp is how many messages of a stream a model may learn from before it is held
// to what it misses.
const warmUp = 1000

// A scored is one message of a stream as it was judged before it was learned.
type scored struct {
	spam     bool
	score, p float64 // log-odds, and the probability
}

// figures are what a stream of verdicts is worth.
type figures struct {
	N        int            `json:"n"`
	AUCError float64        `json:"auc_error"` // 1-AUC in percent
	MissFP01 float64        `json:"miss_fp01"` // spam missed in percent where 0.1 % of the ham is hit, after 1,000
	MissFP1  float64        `json:"miss_fp1"`
	Errors   map[string]int `json:"errors"` // at P = 1/2, in the first 50, 100, 200, 500
	Brier    float64        `json:"brier"`  // of the messages after the first 1,000, where there are more
	ECE      float64        `json:"ece"`
}

// measure returns the figures of a stream. What is said of a model that has
// learned enough is of the messages after the first warm, where there are more.
func measure(list []scored, warm int) figures {
	f := figures{N: len(list), AUCError: 100 * (1 - auc(list)), Errors: map[string]int{"50": 0, "100": 0, "200": 0, "500": 0}}
	late := list
	if len(list) > warm {
		late = list[warm:]
	}
	f.MissFP01, f.MissFP1 = 100*missed(late, .001), 100*missed(late, .01)
	for i, s := range list {
		if s.spam == (s.p > .5) {
			continue
		}
		for n, name := range map[int]string{50: "50", 100: "100", 200: "200", 500: "500"} {
			if i < n {
				f.Errors[name]++
			}
		}
	}
	f.Brier, f.ECE = calibration(late)
	return f
}

// auc is the share of pairs of a ham and a spam in which the spam has the higher
// score; equal scores count half.
func auc(list []scored) float64 {
	s := slices.Clone(list)
	slices.SortFunc(s, func(a, b scored) int { return cmp.Compare(a.score, b.score) })
	var rank, spam, ham float64
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && s[j].score == s[i].score {
			j++
		}
		for k := i; k < j; k++ {
			if s[k].spam {
				rank += float64(i+j+1) / 2
				spam++
			} else {
				ham++
			}
		}
		i = j
	}
	if spam == 0 || ham == 0 {
		return 1
	}
	return (rank - spam*(spam+1)/2) / (spam * ham)
}

// missed is the share of spam whose score is not above the lowest limit at which
// at most the given share of ham is.
func missed(list []scored, share float64) float64 {
	var ham []float64
	spam, below := 0, 0
	for _, s := range list {
		if !s.spam {
			ham = append(ham, s.score)
		}
	}
	slices.Sort(ham)
	limit := math.Inf(-1)
	if n := len(ham) - int(share*float64(len(ham))); n > 0 {
		limit = ham[n-1]
	}
	for _, s := range list {
		if s.spam {
			spam++
			if s.score <= limit {
				below++
			}
		}
	}
	if spam == 0 {
		return 0
	}
	return float64(below) / float64(spam)
}

// calibration returns the mean squared error of the probabilities and the mean
// distance, over ten bins, between what they promise and what happens.
func calibration(list []scored) (brier, ece float64) {
	var sum, hit, n [10]float64
	for _, s := range list {
		y := 0.0
		if s.spam {
			y = 1
		}
		brier += (s.p - y) * (s.p - y)
		b := min(int(s.p*10), 9)
		sum[b] += s.p
		hit[b] += y
		n[b]++
	}
	for b := range n {
		ece += math.Abs(sum[b] - hit[b])
	}
	total := max(float64(len(list)), 1)
	return brier / total, ece / total
}
