package conformance

import (
	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// sharedCase is a physical layer and the heads that share its batch-norm.
type sharedCase struct {
	layers.SharedNorm
	sets []layers.UnitSet
	own  [][]int32 // [heads][Maps]
	maps layers.Maps
}

func (t *trial) shared() sharedCase {
	s := sharedCase{maps: t.divide(t.spread(mostMaps, 27), t.between(1, mostUnits))}
	s.Maps = s.maps.Total()
	var flat []int32
	for range t.between(1, mostHeads) {
		set := t.units(s.maps)
		own := make([]int32, s.Maps)
		for c := range own {
			own[c] = -1
		}
		for at, c := range s.maps.Physical(set) {
			own[c] = int32(at)
		}
		s.sets, s.own, flat = append(s.sets, set), append(s.own, own), append(flat, own...)
	}
	t.describe("maps %s, heads %b", describeMaps(s.maps), s.sets)
	s.Own = t.integers("own", flat)
	return s
}

func normSharedRunning(t *trial) {
	s := t.shared()
	mean, variance := t.numbers(s.Maps), absolute(t.numbers(s.Maps))
	running := [2]gpu.Range{t.input("running mean", mean), t.input("running variance", variance)}
	var heads []layers.NormHead
	var means, variances, ofMeans [][]float64
	for _, set := range s.sets {
		maps := s.maps.Width(set)
		rows := layers.NormRows{Mean: t.numbers(maps), Variance: absolute(t.numbers(maps))}
		means, variances, ofMeans = append(means, rows.Mean), append(variances, rows.Variance), append(ofMeans, absolute(rows.Mean))
		heads = append(heads, layers.NormHead{Norm: layers.Norm{
			Maps: maps, Table: t.table(maps, rows), RunningMean: running[0], RunningVar: running[1],
		}})
	}
	ofMean := absolute(mean)
	layers.SharedRunningRef(mean, means, s.own)
	layers.SharedRunningRef(ofMean, ofMeans, s.own)
	layers.SharedRunningRef(variance, variances, s.own)
	t.expect("running mean", running[0], []int{s.Maps}, mean, ofMean, allowed(composed, len(heads)))
	t.expect("running variance", running[1], []int{s.Maps}, variance, variance, allowed(composed, len(heads)))
	t.builder.SharedRunning("batch-norm", s.SharedNorm, heads)
}

func normSharedGradients(t *trial) {
	s := t.shared()
	s.DGamma, s.DBeta = t.output("dgamma", s.Maps), t.output("dbeta", s.Maps)
	var heads []layers.NormHead
	var dgammas, dbetas, ofGammas, ofBetas [][]float64
	for _, set := range s.sets {
		maps := s.maps.Width(set)
		dgamma, dbeta := t.numbers(maps), t.numbers(maps)
		dgammas, dbetas = append(dgammas, dgamma), append(dbetas, dbeta)
		ofGammas, ofBetas = append(ofGammas, absolute(dgamma)), append(ofBetas, absolute(dbeta))
		heads = append(heads, layers.NormHead{Norm: layers.Norm{
			Maps: maps, DGamma: t.input("a head's dgamma", dgamma), DBeta: t.input("a head's dbeta", dbeta),
		}})
	}
	limit := allowed(plain, len(heads))
	t.expect("dgamma", s.DGamma, []int{s.Maps}, layers.SharedGradientsRef(s.Maps, dgammas, s.own), layers.SharedGradientsRef(s.Maps, ofGammas, s.own), limit)
	t.expect("dbeta", s.DBeta, []int{s.Maps}, layers.SharedGradientsRef(s.Maps, dbetas, s.own), layers.SharedGradientsRef(s.Maps, ofBetas, s.own), limit)
	t.builder.SharedGradients("batch-norm", s.SharedNorm, heads)
}
