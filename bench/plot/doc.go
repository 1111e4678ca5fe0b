// Package plot draws records as pictures, SVG or PNG: latency against parameters, and the roofline of kernels. Colours are
// those of Okabe and Ito, which the colour-blind can tell apart; axes are logarithmic, since levels and kernels differ by
// factors. What is drawn is measured elsewhere.
package plot
