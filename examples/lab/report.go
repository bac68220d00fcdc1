package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/winnowmail/winnow/mail"
)

func receivedAt(raw []byte) time.Time { return dated(mail.Parse(raw, mail.Envelope{}, mail.Limits{})) }

// mean joins the rows of shuffles.
func mean(rows []row) row {
	m := rows[0]
	m.Errors = map[string]int{}
	n := float64(len(rows))
	sum := func(get func(*row) *float64) {
		total := 0.0
		for i := range rows {
			total += *get(&rows[i])
		}
		*get(&m) = total / n
	}
	sum(func(r *row) *float64 { return &r.AUCError })
	sum(func(r *row) *float64 { return &r.MissFP01 })
	sum(func(r *row) *float64 { return &r.MissFP1 })
	sum(func(r *row) *float64 { return &r.Brier })
	sum(func(r *row) *float64 { return &r.ECE })
	sum(func(r *row) *float64 { return &r.Micros })
	sum(func(r *row) *float64 { return &r.WriteShare })
	sum(func(r *row) *float64 { return &r.Written })
	for _, k := range []string{"50", "100", "200", "500"} {
		total := 0
		for _, r := range rows {
			total += r.Errors[k]
		}
		m.Errors[k] = (total + len(rows)/2) / len(rows)
	}
	return m
}

// table prints the rows. Bytes are those that are written, and µs the time to
// extract features and judge, both a message.
func table(w io.Writer, rows []row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "corpus\tmodel\tregime\torder\tn\t1-AUC %\tmissed .1 %\t1 %\terrors 50\t100\t200\t500\tBrier\tECE\twrites %\tbytes\tµs\tMiB")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%.4f\t%.2f\t%.2f\t%d\t%d\t%d\t%d\t%.4f\t%.4f\t%.1f\t%.0f\t%.0f\t%.1f\n",
			r.Corpus, r.Model, r.Regime, r.Order, r.N, r.AUCError, r.MissFP01, r.MissFP1,
			r.Errors["50"], r.Errors["100"], r.Errors["200"], r.Errors["500"], r.Brier, r.ECE,
			100*r.WriteShare, r.Written, r.Micros, float64(r.TableBytes)/(1<<20))
	}
	return t.Flush()
}

// printWorst names the messages of each class that were judged worst.
func printWorst(w io.Writer, samples []sample, order []int, results []scored, n int) {
	for _, spam := range []bool{false, true} {
		var places []int
		for i, r := range results {
			if r.spam == spam {
				places = append(places, i)
			}
		}
		slices.SortFunc(places, func(a, b int) int {
			if spam {
				return cmp.Compare(results[a].score, results[b].score)
			}
			return cmp.Compare(results[b].score, results[a].score)
		})
		for _, i := range places[:min(n, len(places))] {
			fmt.Fprintf(w, "%+.2f after %d: %s\n", results[i].score, i, samples[order[i]].path)
		}
	}
}
