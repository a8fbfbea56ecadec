"""What a run says about the balancer: matrix, verdict, proof, report.

Pure: what the detector found and what is known of the run go in, values and strings come out.  No socket,
no clock, no dice, no file: whoever calls reads the history and writes the reports.
"""
