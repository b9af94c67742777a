print("imdswatch")
