package main

import "slices"

// drift carries one model through the streams, in each of the orders.
func (r *run) drift(m maker, streams []stream) (rows []row, err error) {
	read := make([][]sample, len(streams))
	for i, s := range streams {
		if read[i], _, err = r.samples(m, s.items, ""); err != nil {
			return nil, err
		}
	}
	byOrder := make([][]row, r.shuffles+1) // by order, then stream
	for o := range byOrder {
		model, err := m.fresh()
		if err != nil {
			return nil, err
		}
		for i, s := range streams {
			t, err := r.regime.run(r.ctx, model, read[i], orders(s.items, r.shuffles)[o], int64(o))
			if err != nil {
				return nil, err
			}
			byOrder[o] = append(byOrder[o], t.row(s.name, o, m.name(), r.label("drift")))
		}
	}
	return across(byOrder), nil
}

// users mixes the streams, each of which is what one user gets, and learns them
// in three ways: every feature for all and for the user, for all alone, and with a
// model for each user.
func (r *run) users(streams []stream) (rows []row, err error) {
	for _, way := range []string{"users", "users=one", "users=separate"} {
		o := *r.options
		if way != "users" && o.bits > 14 {
			o.bits-- // Features that count once need half the room.
		}
		m, err := o.kind("fused")
		if err != nil {
			return nil, err
		}
		var all []sample
		var items []item
		var of []int // the stream of each sample
		for i, s := range streams {
			user := ""
			if way == "users" {
				user = s.name
			}
			list, _, err := r.samples(m, s.items, user)
			if err != nil {
				return nil, err
			}
			all, items = append(all, list...), append(items, s.items...)
			of = append(of, slices.Repeat([]int{i}, len(list))...)
		}
		byOrder := make([][]row, r.shuffles+1) // by order, then stream
		for k, order := range orders(items, r.shuffles) {
			students, err := r.students(m, len(streams), int64(k), way == "users=separate")
			if err != nil {
				return nil, err
			}
			for _, i := range order {
				if err := students[of[i]].next(r.ctx, i, &all[i]); err != nil {
					return nil, err
				}
			}
			for i, s := range streams {
				students[i].trial.table = students[i].model.bytes()
				byOrder[k] = append(byOrder[k], students[i].trial.row(s.name, k, "fused", r.label(way)))
			}
		}
		rows = append(rows, across(byOrder)...)
	}
	return rows, nil
}

// students returns n students of one model or of n.
func (r *run) students(m maker, n int, seed int64, separate bool) (list []*student, err error) {
	var model model
	for i := range n {
		if i == 0 || separate {
			if model, err = m.fresh(); err != nil {
				return nil, err
			}
		}
		list = append(list, r.regime.student(model, seed+int64(4*i)))
	}
	return list, nil
}

// across joins the rows of several orders, the first of which is by date.
func across(byOrder [][]row) (rows []row) {
	for i := range byOrder[0] {
		var list []row
		for _, o := range byOrder {
			list = append(list, o[i])
		}
		rows = append(rows, means(list)...)
	}
	return rows
}

// means keeps the row by date, and joins the others.
func means(rows []row) []row {
	if len(rows) == 1 {
		return rows
	}
	return []row{rows[0], mean(rows[1:])}
}
