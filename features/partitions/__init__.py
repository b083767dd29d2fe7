"""Results written as folders of Parquet parts, a range of customers at a time, on this machine or by Spark."""
